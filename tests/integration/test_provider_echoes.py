"""A provider that quotes the secrets it was sent, in every spelling: what the client raises shows none of them."""

import traceback
from collections.abc import Iterator
from itertools import product

import pytest

from sandbox.provider.faults import Fault, FaultRule
from sandbox.provider.remote import RemoteSandbox
from sandbox.provider.server import running
from sandbox.provider.settings import SandboxConfig, Switches
from tests.support import plants
from tests.support.commands import Command
from tests.support.plants import planted, seen_in
from tests.support.work_samples import envelope_of
from worker.errors import NotSent, ProviderError, Unauthorized
from worker.provider.client import ProviderClient
from worker.provider.config import Format, Login, ProviderConfig

LOGIN = Login("acme", plants.API_KEY, plants.V3_KEY)
WRONG = Login("acme", planted("wrong"), f"{plants.V3_KEY}!")
MASK = "**********"
DIALECTS = pytest.mark.parametrize(("answers", "status"), list(product(["json", "xml"], ["200", "4xx"])))


@pytest.fixture(scope="module")
def stand_in() -> Iterator[RemoteSandbox]:
    with running(SandboxConfig(port=0, seed=plants.seed())) as remote:
        yield remote


@pytest.fixture
def sandbox(stand_in: RemoteSandbox) -> RemoteSandbox:
    stand_in.reset()
    return stand_in


def client_of(url: str, answers: Format, login: Login = LOGIN) -> ProviderClient:
    config = ProviderConfig(url, login, format=answers, timeout_seconds=30.0)
    return ProviderClient(config, lambda: True, lambda *_: None)


def failure_of(client: ProviderClient, command: Command) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        client.apply(envelope_of(command).data)
    return raised.value


def texts_of(error: BaseException | None) -> Iterator[str]:
    """Whatever a log, a person or a crash report can get out of an error and of all that led to it."""
    while error is not None:
        yield from (str(error), repr(error), repr(error.args), repr(vars(error)))
        yield from traceback.format_exception(error)
        error = error.__cause__ or error.__context__


@DIALECTS
def test_a_refusal_that_quotes_them_is_reported_with_masks(
    sandbox: RemoteSandbox, answers: Format, status: str
) -> None:
    sandbox.set_switches(Switches.model_validate({"echo": True, "error_status": status}))
    client = client_of(sandbox.url, answers)
    failures = [failure_of(client, command) for command in plants.refused_by_the_provider()]
    assert [words for failure in failures for words in texts_of(failure) if seen_in(words)] == []
    quoted = [text for failure in failures for text in failure.errors if "you sent" in text]
    assert len(quoted) > len(failures)
    assert [text for text in quoted if MASK not in text] == []


@DIALECTS
@pytest.mark.parametrize("how", ["nest401", "errors", "html403"])
def test_a_refused_login_that_is_quoted_is_reported_with_masks(
    sandbox: RemoteSandbox, answers: Format, status: str, how: str
) -> None:
    sandbox.set_switches(Switches.model_validate({"echo": True, "error_status": status, "auth_error": how}))
    client = client_of(sandbox.url, answers, WRONG)
    failures = [failure_of(client, command) for command in plants.applied()]
    assert {type(failure) for failure in failures} == {Unauthorized}
    assert [words for failure in failures for words in texts_of(failure) if seen_in(words)] == []


@pytest.mark.parametrize("answers", ["json", "xml"])
@pytest.mark.parametrize("fault", [Fault.APPLY_THEN_DROP, Fault.ERROR_500, Fault.HTML, Fault.TRUNCATED])
def test_a_call_that_breaks_shows_nothing_of_what_it_sent(
    sandbox: RemoteSandbox, answers: Format, fault: Fault
) -> None:
    sandbox.inject(FaultRule(fault=fault))
    client = client_of(sandbox.url, answers)
    failures = [failure_of(client, command) for command in plants.applied()]
    assert [words for failure in failures for words in texts_of(failure) if seen_in(words)] == []


def test_a_call_that_never_left_shows_nothing_of_it() -> None:
    client = client_of("http://127.0.0.1:9", "json")
    failures = [failure_of(client, command) for command in plants.applied()]
    assert {type(failure) for failure in failures} == {NotSent}
    assert [words for failure in failures for words in texts_of(failure) if seen_in(words)] == []
