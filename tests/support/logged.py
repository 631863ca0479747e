"""A log, and what was written of it."""

import io
import json
from typing import Any, TextIO

from worker.telemetry.logs import LineWriter, logger


class Logged:
    """A logger that writes into memory, or into another stream."""

    def __init__(self, log_format: str = "json", level: str = "info", stream: TextIO | None = None) -> None:
        self._out = io.StringIO()
        self.lines = LineWriter(stream or self._out)
        self.lines.start()
        self.log = logger(log_format, level, self.lines)

    @property
    def text(self) -> str:
        """Everything that was said so far."""
        assert self.lines.flush(10)
        return self._out.getvalue()

    @property
    def entries(self) -> list[dict[str, Any]]:
        """The same, line by line."""
        return [json.loads(line) for line in self.text.splitlines()]
