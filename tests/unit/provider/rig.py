"""A provider's client over a transport that only listens."""

from collections import deque
from collections.abc import Callable

from worker.provider import ProviderClient, ProviderConfig
from worker.provider.config import CallResult, Login, Operation
from worker.provider.transport import Answer

KEY = "res3ller-key"
OK = b'{"message":"success"}'
LOGIN_REFUSED = b'{"error":{"code":401,"message":"Permission denied, wrong credentials"}}'
Form = list[tuple[str, str]]


class FakeTransport:
    """Answers what it is told to, and remembers what was posted."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, Form]] = []
        self.allowed: list[float] = []
        self.answers: deque[bytes | Exception | Callable[[], bytes]] = deque()

    def post(self, path: str, form: Form, within_seconds: float) -> Answer:
        """Answer."""
        self.posted.append((path, list(form)))
        self.allowed.append(within_seconds)
        answer = self.answers.popleft() if self.answers else OK
        if isinstance(answer, Exception):
            raise answer
        return Answer(200, {}, answer() if callable(answer) else answer)

    def close(self) -> None:
        """Nothing to close."""


class Rig:
    """A client, what it posted and what it told its observer."""

    def __init__(self, timeout_seconds: float = 10.0) -> None:
        self.transport = FakeTransport()
        self.observed: list[tuple[Operation, CallResult]] = []
        self.may_write = True
        self.login_in_the_file = Login("reseller", KEY)
        config = ProviderConfig("http://127.0.0.1:9", Login("reseller", KEY), timeout_seconds=timeout_seconds)
        self.client = ProviderClient(config, lambda: self.may_write, self._observe, lambda: self.login_in_the_file)
        self.client._transport.close()
        self.client._transport = self.transport  # type: ignore[assignment]  # stands in for it

    def answer(self, *answers: bytes | Exception | Callable[[], bytes]) -> None:
        """Say how the next calls end; those after them succeed."""
        self.transport.answers.extend(answers)

    @property
    def sent(self) -> dict[str, str]:
        """The last form; it names every field once."""
        form = self.transport.posted[-1][1]
        assert len({name for name, _ in form}) == len(form)
        return dict(form)

    def _observe(self, operation: Operation, result: CallResult, seconds: float) -> None:
        assert seconds >= 0
        self.observed.append((operation, result))
