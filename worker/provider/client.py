"""The provider's operations, reseller edition in JSON: which form each one sends, and what its answer must say."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Generic, TypeVar

import tenacity

from messages.commands import CreateCustomer, DisableCustomer, RotateCredential
from worker.domain.provider import CustomerRow
from worker.domain.scrub import scrubbed
from worker.errors import ClaimLost, NotSent, OutcomeUnknown, ProviderError, Rejected, Throttled, Unauthorized
from worker.provider.answers import expect_rows, expect_success
from worker.provider.config import CallObserver, CallResult, Login, Operation, ProviderConfig
from worker.provider.pace import Pace
from worker.provider.transport import Answer, Transport

_T = TypeVar("_T")
_Form = list[tuple[str, str]]

_PATHS = {
    Operation.ADD: "/apiv2/reseller.add.json",
    Operation.RETRIEVE: "/apiv2/reseller.manage.json",
    Operation.DISABLE: "/apiv2/reseller.manage.json",
    Operation.CREDENTIAL_EDIT: "/apiv2/reseller.credential.json",
}
_WRITES = frozenset({Operation.ADD, Operation.DISABLE, Operation.CREDENTIAL_EDIT})

#: No username is longer than 100 characters, so this one can never exist.
_IMPOSSIBLE_USERNAME = "probe." + "0" * 120
_PAGE_ROWS = 500
_MAX_TEXT_CHARACTERS = 500
_MAX_DETAIL_CHARACTERS = 2_000
_FURTHER_TRIES = 2
_LONGEST_WAIT_SECONDS = 0.15

_RESULTS = {
    Rejected: CallResult.REJECTED,
    OutcomeUnknown: CallResult.UNKNOWN,
    NotSent: CallResult.NOT_SENT,
    Throttled: CallResult.THROTTLED,
    Unauthorized: CallResult.UNAUTHORIZED,
}


@dataclass(frozen=True, slots=True)
class _Call(Generic[_T]):
    """One call: what is sent, how its answer is understood, what must not be repeated to people, when it must end."""

    operation: Operation
    form: _Form = field(repr=False)
    understand: Callable[[Answer], _T]
    secrets: tuple[str, ...] = field(repr=False)
    deadline: float

    @property
    def is_over(self) -> bool:
        """Whether the time left is too short for a further try."""
        return time.monotonic() + _LONGEST_WAIT_SECONDS >= self.deadline


class ProviderClient:
    """Implements the `Provider` port. Safe for many threads; at most `concurrency` calls are under way at once."""

    def __init__(
        self,
        config: ProviderConfig,
        may_write: Callable[[], bool],
        observe: CallObserver,
        read_login: Callable[[], Login] | None = None,
    ) -> None:
        self._transport = Transport(config)
        self._login = config.login
        self._read_login = read_login or (lambda: config.login)
        self._pace = Pace(config.rate_per_minute)
        self._may_write = may_write
        self._observe = observe
        self._timeout_seconds = config.timeout_seconds
        # A semaphore without a semaphore's price: handlers wait here all the time.
        self._places: SimpleQueue[None] = SimpleQueue()
        for _ in range(config.concurrency):
            self._places.put(None)

    def create(self, command: CreateCustomer) -> None:
        """Create the customer; the password is sent twice, as the provider asks."""
        fields = command.revealed()
        form = [("confirm_password", command.password.get_secret_value())]
        for name, value in fields.items():
            form += _field(name, value)
        self._call(Operation.ADD, form, expect_success, command.secrets())

    def disable(self, command: DisableCustomer) -> None:
        """Stop the customer from sending; named by `user`, as in every command but the create."""
        self._call(Operation.DISABLE, [("method", "disable"), ("user", command.username)], expect_success)

    def edit_credential(self, command: RotateCredential) -> None:
        """Set the credential's password."""
        form = [
            ("task", "edit"),
            ("user", command.username),
            ("credential_name", command.credential_name),
            ("new_credential_password", command.new_credential_password.get_secret_value()),
        ]
        self._call(Operation.CREDENTIAL_EDIT, form, expect_success, command.secrets())

    def find(self, username: str) -> CustomerRow | None:
        """The customer with exactly that username; the provider's own search finds substrings, in pages."""
        seen: set[str] = set()
        while True:
            rows = self._look(username, len(seen))
            for row in rows:
                if row.fields.get("username") == username:
                    return row
            names = {row.fields.get("username", "") for row in rows}
            # A server that knows no pages gives the same rows again: then all of them were read.
            if names <= seen:
                return None
            seen |= names

    def probe(self) -> None:
        """Ask for a customer that cannot exist. A refusal is an answer too: the provider is there and knows us."""
        with suppress(Rejected):
            self._page(_IMPOSSIBLE_USERNAME, 0)

    def end(self) -> None:
        """Turn away what waits for its turn; calls under way go on."""
        self._pace.end()

    def close(self) -> None:
        """Close idle connections."""
        self._transport.close()

    def _look(self, username: str, offset: int) -> list[CustomerRow]:
        try:
            return self._page(username, offset)
        except Rejected as refusal:
            # It is the question that was refused, and not the command that it is asked for.
            raise OutcomeUnknown(f"the list cannot be read: {refusal.detail}", refusal.errors) from refusal

    def _page(self, username: str, offset: int) -> list[CustomerRow]:
        form = [("method", "profile"), ("task", "get"), ("username", username), ("limit", str(_PAGE_ROWS))]
        if offset:
            form.append(("offset", str(offset)))
        return self._call(Operation.RETRIEVE, form, expect_rows)

    def _call(
        self, operation: Operation, form: _Form, understand: Callable[[Answer], _T], secrets: tuple[str, ...] = ()
    ) -> _T:
        self._places.get()
        try:
            self._pace.wait()
            return self._persistently(
                _Call(operation, form, understand, secrets, time.monotonic() + self._timeout_seconds)
            )
        finally:
            self._places.put(None)

    def _persistently(self, call: _Call[_T]) -> _T:
        try:
            return self._once(call)
        except NotSent:
            if call.is_over:
                raise
            return self._again(call)

    def _again(self, call: _Call[_T]) -> _T:
        """Try twice more what cannot have happened: a connection refused while a server restarts."""
        policy = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(NotSent),
            stop=lambda state: state.attempt_number >= _FURTHER_TRIES or call.is_over,
            wait=tenacity.wait_random(0.05, _LONGEST_WAIT_SECONDS),
            reraise=True,
        )
        return policy(lambda: self._once(call))

    def _once(self, call: _Call[_T]) -> _T:
        self._check_lease(call.operation)
        started = time.perf_counter()
        result, login = CallResult.SUCCESS, self._login
        fields = [("api_user", login.api_user), ("api_key", login.api_key), *call.form]
        try:
            left = call.deadline - time.monotonic()
            return call.understand(self._transport.post(_PATHS[call.operation], fields, left))
        except ProviderError as failure:
            result = _RESULTS[type(failure)]
            if isinstance(failure, Unauthorized):
                # It may have been changed in its file meanwhile; the next call uses what is there now.
                self._login = self._read_login()
            raise _clean(failure, (login.api_key, *call.secrets)) from failure.__cause__
        finally:
            self._observe(call.operation, result, time.perf_counter() - started)

    def _check_lease(self, operation: Operation) -> None:
        # Right before the write: a process that was frozen past its lease must not write beside its successor.
        if operation in _WRITES and not self._may_write():
            raise ClaimLost("the ledger's lease has run out; another worker may have taken the command over")


def _clean(failure: ProviderError, secrets: tuple[str, ...]) -> ProviderError:
    """The same failure without any secret in its words."""
    # Cut only after scrubbing: half a secret would not be recognised.
    failure.detail = scrubbed(failure.detail, secrets)[:_MAX_DETAIL_CHARACTERS]
    failure.errors = tuple(scrubbed(text, secrets)[:_MAX_TEXT_CHARACTERS] for text in failure.errors)
    failure.args = (failure.detail,)
    return failure


def _field(name: str, value: object) -> _Form:
    if isinstance(value, tuple):
        return [(f"{name}[]", str(entry)) for entry in value]
    if isinstance(value, bool):
        return [(name, "true" if value else "false")]
    return [(name, str(value))]
