"""The state file of a real stand-in: what is answered survives a kill, and a file that fails stops the server."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests

from sandbox.provider.accounts.book import StateFileError
from sandbox.provider.accounts.seed import check_seed
from sandbox.provider.faults import Fault, FaultRule
from sandbox.provider.remote import RemoteSandbox
from sandbox.provider.server import running
from sandbox.provider.settings import SandboxConfig
from tests.support.sandbox_calls import LONG, Caller
from tests.support.waiting import wait_for

HARBOR = "harbor@example.com"
LOGIN = {"api_user": "demo-reseller", "api_key": "demo-key"}
DISABLE = {**LOGIN, "method": "disable", "user": HARBOR}
MEMBERS = 8
PROGRAM = """
import sys
from pathlib import Path
from sandbox.provider.server import serve
from sandbox.provider.settings import SandboxConfig
serve(SandboxConfig(port=0, state_file=Path(sys.argv[1]), url_file=Path(sys.argv[2])))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state"


@contextmanager
def program(path: Path) -> Iterator[tuple["subprocess.Popen[bytes]", RemoteSandbox]]:
    """A stand-in with the state that the command line's starts with; killed at the end of the block at the latest."""
    url_file = path.with_name("url")
    url_file.unlink(missing_ok=True)
    command = [sys.executable, "-c", PROGRAM, str(path), str(url_file)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as running_program:  # noqa: S603 - a fixed command
        try:
            wait_for(url_file.exists, "the URL")
            yield running_program, RemoteSandbox(url_file.read_text(encoding="utf-8"))
        finally:
            running_program.kill()


def create(sandbox: RemoteSandbox, username: str) -> requests.Response:
    names = ("first_name", "last_name", "address", "city", "state", "zip", "country", "phone", "company")
    form = {
        **LOGIN,
        **dict.fromkeys(names, "x"),
        "username": username,
        "email": username,
        "password": "pl4nted-1",
        "confirm_password": "pl4nted-1",
        "website": "example.com",
        "package": "Basic",
        "whitelabel": "mail.example.com",
    }
    return requests.post(f"{sandbox.url}/apiv2/reseller.add.json", data=form, timeout=LONG)


def test_every_change_that_was_answered_survives_a_kill_under_load(path: Path) -> None:
    with program(path) as (first, sandbox), ThreadPoolExecutor(MEMBERS) as pool:
        digest = sandbox.digest("pl4nted-1")
        answered: list[str] = []
        for member in range(MEMBERS):
            pool.submit(create_many, sandbox, f"m{member}", answered.append)
        wait_for(lambda: len(answered) >= 5 * MEMBERS, "some customers")
        first.kill()

    with program(path) as (_, sandbox):
        state = sandbox.state()
        assert set(answered) - set(state.customers) == set()
        # One more for each client at most: its answer was on the way.
        assert len(state.customers) <= len(answered) + MEMBERS + len([HARBOR])
        assert {state.customers[name].password_digest for name in answered} == {digest}
        assert sandbox.digest("pl4nted-1") == digest


def create_many(sandbox: RemoteSandbox, prefix: str, report: Callable[[str], None]) -> None:
    """Creates customers until nobody answers."""
    with suppress(requests.ConnectionError):
        for number in range(10_000):
            username = f"{prefix}-{number}@x.com"
            if create(sandbox, username).json() == {"message": "success"}:
                report(username)


def test_a_change_whose_answer_was_lost_survives_a_kill(path: Path) -> None:
    with program(path) as (_, sandbox):
        sandbox.inject(FaultRule(fault=Fault.APPLY_THEN_DROP))
        with pytest.raises(requests.ConnectionError):
            requests.post(f"{sandbox.url}/apiv2/reseller.manage.json", data=DISABLE, timeout=LONG)

    with program(path) as (_, sandbox):
        assert not sandbox.state(HARBOR).customers[HARBOR].active
        assert (sandbox.faults(), sandbox.journal()) == ((), ())


def test_a_reset_over_http_empties_the_file(path: Path) -> None:
    with program(path) as (_, sandbox):
        assert create(sandbox, "new@x.com").ok
        sandbox.reset()

    with program(path) as (_, sandbox):
        assert set(sandbox.state().customers) == {HARBOR}


def test_a_second_stand_in_with_the_same_file_says_so_and_ends(path: Path) -> None:
    with program(path):
        words = ["sandbox", "--port", "0", "--state", str(path)]
        second = subprocess.run(  # noqa: S603 - a fixed command
            [sys.executable, "-m", "worker", *words], capture_output=True, text=True, timeout=60, check=False
        )

    assert (second.returncode, second.stdout) == (78, "")
    assert second.stderr.endswith("used by another sandbox. Stop that one, or choose another file.\n")


def test_a_write_that_fails_is_a_500_with_the_reason_and_stops_the_server(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = SandboxConfig(port=0, seed=check_seed(), state_file=path)
    answers: list[requests.Response] = []

    with pytest.raises(StateFileError, match="Input/output error"), running(config) as sandbox:
        answers.append(disable_on_a_broken_disk(sandbox, monkeypatch))

    assert [answer.status_code for answer in answers] == [500]
    assert "The last changes are not in it" in answers[0].text


def disable_on_a_broken_disk(sandbox: RemoteSandbox, monkeypatch: pytest.MonkeyPatch) -> requests.Response:
    def broken(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fdatasync", broken)
    return Caller(sandbox).disable()
