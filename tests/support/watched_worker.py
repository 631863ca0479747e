"""The program with a watch: once it has started, each module that it still imports is written to standard error."""

import os
import sys
from unittest.mock import patch

from worker.app import App
from worker.cli.commands.run import run

LATE = "imported late: "


def main() -> None:
    """Run the worker and watch."""
    started = False
    start = App._start

    def hear(event: str, arguments: tuple[object, ...]) -> None:
        if started and event == "import":
            os.write(2, f"{LATE}{arguments[0]}\n".encode())

    def start_and_watch(app: App) -> None:
        nonlocal started
        start(app)
        started = True

    sys.addaudithook(hear)
    with patch("worker.app.App._start", start_and_watch):
        run()


if __name__ == "__main__":
    main()
