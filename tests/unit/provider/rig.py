"""A provider's client over a transport that only listens."""

from collections import deque
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

from worker.domain.telemetry import ProviderCalled, TelemetryEvent
from worker.provider.client import ProviderClient
from worker.provider.config import CallResult, Edition, Format, Login, ProviderConfig
from worker.provider.wire.transport import HttpAnswer, HttpRequest

KEY = "res3ller-key"
V3_KEY = "SG.v3-s3cret"
OK = b'{"message":"success"}'
LOGIN_REFUSED = b'{"error":{"code":401,"message":"Permission denied, wrong credentials"}}'
V3_REFUSED = b'{"errors":[{"field":null,"message":"authorization required"}]}'
LOGIN = Login("reseller", KEY, V3_KEY)
V2_URL, V3_URL = "http://127.0.0.1:9", "http://127.0.0.1:10"
Form = list[tuple[str, str]]
Reply = bytes | HttpAnswer | Exception | Callable[[], bytes]


class FakeTransport:
    """Answers what it is asked to, and remembers what was sent."""

    def __init__(self) -> None:
        self.requests: list[HttpRequest] = []
        self.allowed: list[float] = []
        self.answers: deque[Reply] = deque()

    @property
    def posted(self) -> list[tuple[str, Form]]:
        """Path and form of every request that had one."""
        return [(urlsplit(request.url).path, form(request)) for request in self.requests]

    def send(self, request: HttpRequest, within_seconds: float) -> HttpAnswer:
        """Answer."""
        self.requests.append(request)
        self.allowed.append(within_seconds)
        answer = self.answers.popleft() if self.answers else OK
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, HttpAnswer):
            return answer
        return HttpAnswer(200, {}, answer() if callable(answer) else answer)

    def close(self) -> None:
        """Nothing to close."""


class Rig:
    """A client, what it sent and what it reported."""

    def __init__(
        self,
        timeout_seconds: float = 10.0,
        edition: Edition = "reseller",
        format_: Format = "json",
        login: Login = LOGIN,
    ) -> None:
        self.transport = FakeTransport()
        self.observed: list[tuple[str, CallResult]] = []
        self.exhausted: list[float] = []
        self.may_write = True
        self.login_in_the_file = login
        config = ProviderConfig(V2_URL, login, V3_URL, edition, format_, timeout_seconds=timeout_seconds)
        self.client = ProviderClient(
            config, lambda: self.may_write, self._called, lambda: self.login_in_the_file, self.exhausted.append
        )
        self.client.close()
        self.client._caller._transport = self.transport  # type: ignore[assignment]  # stands in for it

    def answer(self, *answers: Reply) -> None:
        """Say how the next calls end; those after them succeed."""
        self.transport.answers.extend(answers)

    @property
    def sent(self) -> dict[str, str]:
        """The last form; it names every field once."""
        fields = form(self.transport.requests[-1])
        assert len({name for name, _ in fields}) == len(fields)
        return dict(fields)

    def _called(self, event: TelemetryEvent) -> None:
        assert isinstance(event, ProviderCalled)
        assert event.seconds >= 0
        self.observed.append((event.operation, CallResult(event.result)))


def form(request: HttpRequest) -> Form:
    """The fields of its body, in order."""
    return parse_qsl((request.body or b"").decode(), keep_blank_values=True, strict_parsing=True)
