"""The stand-in provider on its bad days: what a client sees of each fault, and what the state is afterwards."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import requests

from sandbox.provider.accounts.seed import check_seed
from sandbox.provider.faults import Fault, FaultRule
from sandbox.provider.journal import JournalEntry
from sandbox.provider.remote import RemoteSandbox
from sandbox.provider.server import running
from sandbox.provider.settings import SandboxConfig
from tests.support.waiting import wait_for

Disable = Callable[..., requests.Response]

LONG = 60.0
PATIENCE = 0.2


@pytest.fixture(scope="module")
def server() -> Iterator[RemoteSandbox]:
    with running(SandboxConfig(port=0, seed=check_seed())) as remote:
        yield remote


@pytest.fixture
def sandbox(server: RemoteSandbox) -> RemoteSandbox:
    server.reset()
    return server


@pytest.fixture
def disable(sandbox: RemoteSandbox) -> Iterator[Disable]:
    """Disables a customer of acme, `a@x.com` unless asked otherwise, over connections that are reused."""
    with requests.Session() as session:
        session.trust_env = False

        def call(user: str = "a@x.com", timeout: float = LONG) -> requests.Response:
            form = {"api_user": "acme", "api_key": "pw", "method": "disable", "user": user}
            return session.post(f"{sandbox.url}/apiv2/reseller.manage.json", data=form, timeout=timeout)

        yield call


@pytest.fixture(autouse=True)
def nothing_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A fault on demand is no error of the server's: whatever it logs is one of ours."""
    yield
    assert [record.getMessage() for record in caplog.get_records("call") if record.name.startswith("uvicorn")] == []


def is_active(sandbox: RemoteSandbox) -> bool:
    return sandbox.state("a@x.com").customers["a@x.com"].active


def wait_until_in_flight(sandbox: RemoteSandbox) -> None:
    """Returns once a call has arrived and waits."""
    while not sandbox.in_flight():
        pass


def in_flight(sandbox: RemoteSandbox, calls: int) -> bool:
    return sandbox.in_flight() == calls


def only_entry(sandbox: RemoteSandbox) -> JournalEntry:
    (entry,) = sandbox.journal()
    return entry


def test_a_dropped_connection_has_carried_not_one_byte(sandbox: RemoteSandbox) -> None:
    sandbox.inject(FaultRule(fault=Fault.OUTAGE))
    host, port = sandbox.url.removeprefix("http://").split(":")

    with socket.create_connection((host, int(port)), timeout=LONG) as client:
        client.sendall(b"POST /apiv2/reseller.add.json HTTP/1.1\r\nHost: sandbox\r\nContent-Length: 0\r\n\r\n")
        assert client.recv(1) == b""


def test_an_outage_lasts_until_it_is_taken_away_and_spares_the_control(
    sandbox: RemoteSandbox, disable: Disable
) -> None:
    sandbox.inject(FaultRule(fault=Fault.OUTAGE))
    for _ in range(3):
        with pytest.raises(requests.ConnectionError):
            disable()

    sandbox.clear_faults()

    assert disable().json() == {"message": "success"}
    assert [entry.effect for entry in sandbox.journal()] == ["not_applied"] * 3 + ["changed"]


def test_a_slow_call_is_applied_after_its_client_has_hung_up(sandbox: RemoteSandbox, disable: Disable) -> None:
    sandbox.inject(FaultRule(fault=Fault.SLOW, times=1, delay_seconds=3 * PATIENCE))

    with pytest.raises(requests.ReadTimeout):
        disable(timeout=PATIENCE)

    (entry,) = sandbox.journal(wait_seconds=LONG)
    assert (entry.fault, entry.effect, is_active(sandbox)) == ("slow", "changed", False)


def test_a_slow_call_is_answered_to_a_patient_client_and_others_overtake_it(
    sandbox: RemoteSandbox, disable: Disable
) -> None:
    sandbox.inject(FaultRule(fault=Fault.SLOW, username="a@x.com", times=1, delay_seconds=1))
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(disable)
        wait_until_in_flight(sandbox)
        assert disable("aa@x.com").ok
        assert slow.result(LONG).json() == {"message": "success"}

    assert [(entry.username, entry.arrival) for entry in sandbox.journal()] == [("aa@x.com", 2), ("a@x.com", 1)]


def test_a_slow_call_from_before_a_reset_never_has_an_effect(sandbox: RemoteSandbox, disable: Disable) -> None:
    sandbox.inject(FaultRule(fault=Fault.SLOW, times=1, delay_seconds=3 * PATIENCE))
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(disable)
        wait_until_in_flight(sandbox)
        sandbox.reset()
        with pytest.raises(requests.ConnectionError):
            slow.result(LONG)

    assert is_active(sandbox)


@pytest.mark.parametrize("applied", [False, True])
def test_an_injected_throttle_answers_429_with_its_headers(
    sandbox: RemoteSandbox, disable: Disable, *, applied: bool
) -> None:
    sandbox.inject(FaultRule(fault=Fault.THROTTLED, applied=applied, times=1, reset_seconds=30))

    answer = disable()

    assert (answer.status_code, answer.json()["errors"][0]["message"]) == (429, "too many requests")
    assert answer.headers["X-RateLimit-Limit"] == "600"
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    assert int(answer.headers["X-RateLimit-Reset"]) >= only_entry(sandbox).epoch_seconds + 30
    assert is_active(sandbox) is not applied


def test_an_injected_wrong_login_applies_nothing(sandbox: RemoteSandbox, disable: Disable) -> None:
    sandbox.inject(FaultRule(fault=Fault.UNAUTHORIZED, times=1))

    assert disable().json()["error"]["code"] == 401
    assert only_entry(sandbox).effect == "not_applied"
    assert disable().json() == {"message": "success"}


def test_faults_can_be_replaced_and_listed_over_http(sandbox: RemoteSandbox) -> None:
    url = f"{sandbox.url}/_sandbox/faults"
    requests.post(url, json={"fault": "outage"}, timeout=LONG)
    requests.put(url, json=[{"fault": "html", "every": 2}], timeout=LONG)

    (listed,) = requests.get(url, timeout=LONG).json()["faults"]

    assert (listed["fault"], listed["every"], listed["met"], listed["befallen"]) == ("html", 2, 0, 0)


def test_a_misspelled_fault_is_refused_and_leaves_the_others(sandbox: RemoteSandbox) -> None:
    url = f"{sandbox.url}/_sandbox/faults"
    sandbox.inject(FaultRule(fault=Fault.OUTAGE))

    answer = requests.put(url, json={"fault": "outrage"}, timeout=LONG)

    assert (answer.status_code, len(requests.get(url, timeout=LONG).json()["faults"])) == (422, 1)


def test_with_a_latency_every_call_is_applied_late(sandbox: RemoteSandbox, disable: Disable) -> None:
    sandbox.set_latency(3 * PATIENCE)

    with pytest.raises(requests.ReadTimeout):
        disable(timeout=PATIENCE)

    assert [entry.effect for entry in sandbox.journal(wait_seconds=LONG)] == ["changed"]


def test_many_clients_at_once_leave_a_journal_without_gaps(sandbox: RemoteSandbox, disable: Disable) -> None:
    sandbox.inject(FaultRule(fault=Fault.ERROR_500, every=10))
    users = [name for _ in range(50) for name in ("a@x.com", "aa@x.com")]

    with ThreadPoolExecutor(8) as pool:
        statuses = [answer.status_code for answer in pool.map(disable, users)]

    journal = sandbox.journal()
    assert [entry.sequence for entry in journal] == list(range(1, 101))
    assert statuses.count(500) == 10
    assert len([entry for entry in journal if entry.effect == "changed"]) == 2


def test_a_client_that_leaves_in_the_middle_of_its_call_leaves_no_trace(
    sandbox: RemoteSandbox, disable: Disable
) -> None:
    host, port = sandbox.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=LONG) as client:
        client.sendall(
            b"POST /apiv2/reseller.add.json HTTP/1.1\r\nHost: sandbox\r\nContent-Length: 99\r\n\r\napi_user="
        )

    assert disable().ok
    assert only_entry(sandbox).operation == "disable"


def test_a_held_call_is_applied_and_answered_once_all_faults_are_taken_away(
    sandbox: RemoteSandbox, disable: Disable
) -> None:
    sandbox.inject(FaultRule(fault=Fault.HELD, username="a@x.com", times=1))
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(disable)
        wait_until_in_flight(sandbox)
        assert disable("aa@x.com").ok
        assert [entry.username for entry in sandbox.journal()] == ["aa@x.com"]

        sandbox.clear_faults()

        assert held.result(LONG).json() == {"message": "success"}
    assert [entry.username for entry in sandbox.journal()] == ["aa@x.com", "a@x.com"]


def test_held_calls_are_applied_in_the_order_in_which_they_came(sandbox: RemoteSandbox, disable: Disable) -> None:
    sandbox.inject(FaultRule(fault=Fault.HELD))
    with ThreadPoolExecutor(8) as pool:
        for number in range(1, 9):
            pool.submit(disable, "aa@x.com" if number % 2 else "a@x.com")
            wait_for(partial(in_flight, sandbox, number), "the call")

        sandbox.clear_faults()

    assert [entry.arrival for entry in sandbox.journal()] == list(range(1, 9))
