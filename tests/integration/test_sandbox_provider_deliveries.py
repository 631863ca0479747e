"""Answers that break off, never end or come byte by byte: what is on the wire, and what the state is afterwards."""

import resource
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from sandbox.provider.accounts.seed import check_seed
from sandbox.provider.faults import Fault, FaultRule
from sandbox.provider.remote import RemoteSandbox
from sandbox.provider.server import running
from sandbox.provider.settings import SandboxConfig
from tests.support.sandbox_calls import LONG, Caller
from tests.support.waiting import wait_for

FOREVER = 600.0
MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def server() -> Iterator[RemoteSandbox]:
    with running(SandboxConfig(port=0, seed=check_seed())) as remote:
        yield remote


@pytest.fixture
def caller(server: RemoteSandbox) -> Iterator[Caller]:
    server.reset()
    with requests.Session() as session:
        session.trust_env = False
        yield Caller(server, session)


@pytest.fixture(autouse=True)
def nothing_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A fault on demand is no error of the server's: whatever it logs is one of ours."""
    yield
    assert [record.getMessage() for record in caplog.get_records("call")] == []


def wait_until_applied(caller: Caller) -> None:
    """Returns once the call has had its effect; its answer is then on its way."""
    assert caller.sandbox.journal(wait_seconds=LONG)


@pytest.mark.parametrize("applied", [False, True])
def test_a_reset_connection_carries_not_one_byte_and_is_reset(caller: Caller, *, applied: bool) -> None:
    caller.sandbox.inject(FaultRule(fault=Fault.RESET, applied=applied))

    with caller.raw() as client, pytest.raises(ConnectionResetError):
        client.recv(1)

    assert caller.is_active() is not applied
    assert caller.sandbox.journal()[0].answer == "dropped"


@pytest.mark.parametrize("applied", [False, True])
def test_a_huge_answer_is_streamed_and_still_the_honest_one(caller: Caller, *, applied: bool) -> None:
    caller.sandbox.inject(FaultRule(fault=Fault.HUGE, applied=applied))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    left = b""
    length = 0

    with caller.session.post(
        f"{caller.sandbox.url}/apiv2/reseller.manage.json",
        data={"api_user": "acme", "api_key": "pw", "method": "disable", "user": "a@x.com"},
        stream=True,
        timeout=LONG,
    ) as answer:
        for chunk in answer.iter_content(MEGABYTE):
            length += len(chunk)
            left += chunk.strip()

    assert (length, left) == (100 * MEGABYTE, b'{"message":"success"}' if applied else b"")
    assert caller.is_active() is not applied
    # Kilobytes, of server and client together; the body would be 100 000 of them.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def test_a_huge_answer_in_json_is_well_formed_and_as_long_as_the_rule_says(caller: Caller) -> None:
    caller.sandbox.inject(FaultRule(fault=Fault.HUGE, body_bytes=MEGABYTE))

    answer = caller.disable()

    assert (len(answer.content), answer.json()) == (MEGABYTE, {"message": "success"})


def test_a_huge_answer_in_xml_is_well_formed_too(caller: Caller) -> None:
    caller.sandbox.inject(FaultRule(fault=Fault.HUGE, body_bytes=MEGABYTE))

    answer = caller.disable(suffix="xml")

    assert len(answer.content) == MEGABYTE
    assert answer.content.startswith(b"<?xml ")
    assert ET.fromstring(answer.content).findtext("message") == "success"  # noqa: S314 - our own server's


def test_a_dripping_answer_is_honest_and_comes_byte_by_byte(caller: Caller) -> None:
    caller.sandbox.inject(FaultRule(fault=Fault.DRIP, byte_seconds=0.01))
    received: list[bytes] = []

    with caller.raw() as client:
        while not b"".join(received).endswith(b'"success"}'):
            received.append(client.recv(4096))

    # The headers come at once; on a busy machine several bytes may be read together, but not most of them.
    assert len(received) > 3
    assert not caller.is_active()


def test_a_client_that_loses_patience_with_a_dripping_answer_has_changed_the_state(caller: Caller) -> None:
    caller.sandbox.inject(FaultRule(fault=Fault.DRIP, byte_seconds=FOREVER))

    with pytest.raises(requests.ConnectionError, match="timed out"):
        caller.disable(timeout=0.2)

    assert not caller.is_active()


@pytest.mark.parametrize(
    ("status", "line"), [(None, b"103 Early Hints"), (102, b"102 Processing"), (100, b"100 Continue")]
)
def test_an_interim_answer_comes_before_the_honest_one(caller: Caller, status: int | None, line: bytes) -> None:
    caller.sandbox.inject(FaultRule(fault=Fault.EARLY_HINTS, status=status))

    with caller.raw() as client, client.makefile("rb") as stream:
        assert stream.readline() == b"HTTP/1.1 " + line + b"\r\n"
        while stream.readline() != b"\r\n":
            pass
        assert stream.readline() == b"HTTP/1.1 200 OK\r\n"

    assert caller.is_active() is False


@pytest.mark.parametrize(
    "rule",
    [FaultRule(fault=Fault.HUGE), FaultRule(fault=Fault.DRIP, byte_seconds=FOREVER)],
    ids=lambda rule: str(rule.fault),
)
def test_a_client_that_hangs_up_in_the_middle_of_an_answer_does_not_hurt_the_next(
    caller: Caller, rule: FaultRule
) -> None:
    caller.sandbox.inject(rule.model_copy(update={"times": 20}))

    for _ in range(20):
        with caller.raw() as client:
            client.recv(10)

    assert caller.disable().json() == {"message": "success"}
    assert len(caller.sandbox.journal()) == 21


@pytest.mark.parametrize(
    "rule",
    [FaultRule(fault=Fault.HUGE), FaultRule(fault=Fault.DRIP, byte_seconds=FOREVER)],
    ids=lambda rule: str(rule.fault),
)
def test_a_stop_waits_for_no_client_that_reads_slowly_or_not_at_all(rule: FaultRule) -> None:
    before = threading.enumerate()
    with running(SandboxConfig(port=0, seed=check_seed())) as sandbox:
        sandbox.inject(rule)
        client = Caller(sandbox).raw()
        wait_until_applied(Caller(sandbox))

    # The thread is joined when the block ends; one that still served would be left over.
    with client:
        assert threading.enumerate() == before


def test_another_call_is_served_while_answers_drip_and_swell(caller: Caller) -> None:
    drip = FaultRule(fault=Fault.DRIP, byte_seconds=FOREVER, nth=1)
    caller.sandbox.inject(drip, FaultRule(fault=Fault.HUGE, nth=1))

    with caller.raw(), caller.raw(), ThreadPoolExecutor(1) as pool:
        wait_for(lambda: len(caller.sandbox.journal()) == 2, "both calls")
        assert pool.submit(caller.disable, "aa@x.com").result(LONG).ok
