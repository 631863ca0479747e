"""Telemetry without metrics and log: what was told can be read."""

from worker.domain.deliveries import Outgoing
from worker.domain.work import Report, Retry, Work


class FakeTelemetry:
    """Remembers, in order, what it was told."""

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.retries: list[Retry] = []
        self.crashes: list[tuple[Work | None, BaseException]] = []
        self.unpublishables: list[tuple[Work, str]] = []
        self.unsealables: list[str] = []
        self.refused: list[str] = []
        self.publications: list[tuple[Outgoing, bool]] = []

    def settled(self, report: Report) -> None:
        """Remember it."""
        self.reports.append(report)

    def retried(self, retry: Retry) -> None:
        """Remember it."""
        self.retries.append(retry)

    def crashed(self, work: Work | None, error: BaseException) -> None:
        """Remember it."""
        self.crashes.append((work, error))

    def unpublishable(self, work: Work, detail: str) -> None:
        """Remember it."""
        self.unpublishables.append((work, detail))

    def unsealable(self, detail: str) -> None:
        """Remember it."""
        self.unsealables.append(detail)

    def not_taken(self, detail: str) -> None:
        """Remember it."""
        self.refused.append(detail)

    def published(self, message: Outgoing, _seconds: float, *, confirmed: bool) -> None:
        """Remember it."""
        self.publications.append((message, confirmed))
