"""Telemetry without metrics and log: what was told can be read."""

from worker.domain.work import Report, Retry, Work


class FakeTelemetry:
    """Remembers, in order, what it was told."""

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.retries: list[Retry] = []
        self.crashes: list[tuple[Work, Exception]] = []
        self.unpublishables: list[tuple[Work, str]] = []

    def settled(self, report: Report) -> None:
        """Remember it."""
        self.reports.append(report)

    def retried(self, retry: Retry) -> None:
        """Remember it."""
        self.retries.append(retry)

    def crashed(self, work: Work, error: Exception) -> None:
        """Remember it."""
        self.crashes.append((work, error))

    def unpublishable(self, work: Work, detail: str) -> None:
        """Remember it."""
        self.unpublishables.append((work, detail))
