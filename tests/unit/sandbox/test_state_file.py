"""The state file: what of the books comes back, what is never in it, and which files are refused."""

import errno
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest

from sandbox.provider.accounts.book import StateFileError, opened
from sandbox.provider.accounts.seed import Seed, check_seed
from sandbox.provider.accounts.snapshot import AccountsSnapshot, take_snapshot
from sandbox.provider.operations.reading import Request
from sandbox.provider.settings import SandboxConfig
from sandbox.provider.standin import StandIn

NEW = {
    **dict.fromkeys(("first_name", "last_name", "address", "city", "state", "zip", "country", "phone", "company"), "x"),
    "username": "new@x.com",
    "email": "new@x.com",
    "password": "pl4nted-1",
    "confirm_password": "pl4nted-1",
    "website": "example.com",
    "package": "Basic",
    "whitelabel": "mail.example.com",
}
MANAGE, ADD, DELETE, CREDENTIAL = "manage", "add", "delete", "credential"
A, CRED = {"user": "a@x.com"}, {"user": "a@x.com", "credential_name": "cred1"}
#: Every operation that changes something, each with an effect on the state of the checks.
WRITES = (
    (ADD, NEW),
    (DELETE, {"user": "b@x.com"}),
    (MANAGE, {"method": "disable", **A}),
    (MANAGE, {"method": "enable", **A}),
    (MANAGE, {"method": "website_disable", **A}),
    (MANAGE, {"method": "profile", "task": "set", "city": "Łódź & Zürich", **A}),
    (MANAGE, {"method": "password", "password": "pl4nted-2", "confirm_password": "pl4nted-2", **A}),
    (MANAGE, {"method": "profile", "task": "setUsername", "username": "c@x.com", "user": "aa@x.com"}),
    (MANAGE, {"method": "profile", "task": "setEmail", "email": "e@x.com", **A}),
    (CREDENTIAL, {"task": "add", "credential_name": "cred2", "credential_password": "pl4nted-3", **A}),
    (CREDENTIAL, {"task": "edit", "new_credential_password": "pl4nted-4", **CRED}),
    (CREDENTIAL, {"task": "delete", "credential_name": "cred2", **A}),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state"


@contextmanager
def standing_in(path: Path, seed: Seed | None = None) -> Iterator[StandIn]:
    """A stand-in with that memory, for one life of its process."""
    with opened(path) as book:
        yield StandIn(SandboxConfig(seed=seed or check_seed()), memory=book)


def say(standin: StandIn, action: str, form: dict[str, str]) -> bytes:
    body = urlencode({"api_user": "acme", "api_key": "pw", **form}).encode()
    return standin.answer(standin.arrive(Request("POST", f"/apiv2/reseller.{action}.json", body=body))).body


def state(standin: StandIn) -> AccountsSnapshot:
    return take_snapshot(standin.accounts)


@pytest.fixture
def written(path: Path) -> Path:
    """The file after a customer was disabled and another created."""
    with standing_in(path) as standin:
        say(standin, MANAGE, {"method": "disable", **A})
        say(standin, ADD, NEW)
    return path


@pytest.mark.parametrize(("action", "form"), WRITES, ids=lambda part: "" if isinstance(part, dict) else part)
def test_each_change_is_there_again_after_a_restart(path: Path, action: str, form: dict[str, str]) -> None:
    with standing_in(path) as standin:
        if form.get("credential_name") == "cred2" and form["task"] == "delete":
            say(standin, *WRITES[9])
        before = standin.accounts.version
        assert say(standin, action, form) == b'{"message":"success"}'
        left = state(standin)

    with standing_in(path) as standin:
        assert state(standin) == left
        assert (standin.accounts.version > before) == (form.get("method") != "enable")


def test_everything_together_is_there_again_and_again(path: Path) -> None:
    for lives in range(3):
        with standing_in(path) as standin:
            left = state(standin)
            if not lives:
                for action, form in WRITES:
                    say(standin, action, form)
                changed = state(standin)
            else:
                assert left == changed


def test_a_resellers_own_profile_is_there_again(path: Path) -> None:
    seed = check_seed()
    key = seed.resellers[0].v3_api_key
    assert key is not None
    login = (b"authorization", b"Bearer " + key.get_secret_value().encode())
    with standing_in(path) as standin:
        call = Request("PATCH", "/v3/user/profile", body=b'{"city":"Elsewhere"}', headers=(login,))
        assert standin.answer(standin.arrive(call)).status == 200

    with standing_in(path) as standin:
        assert state(standin).profiles["acme"]["city"] == "Elsewhere"


def test_a_customer_after_a_restart_gets_a_number_that_nobody_had(path: Path) -> None:
    with standing_in(path) as standin:
        say(standin, ADD, NEW)
        number = state(standin).customers["new@x.com"].number
        say(standin, DELETE, {"user": "new@x.com"})

    with standing_in(path) as standin:
        say(standin, ADD, {**NEW, "username": "next@x.com"})
        assert state(standin).customers["next@x.com"].number > number
        assert state(standin).tombstones == ("gone@x.com", "new@x.com")


def test_digests_compare_over_a_restart_and_differ_between_files(path: Path, tmp_path: Path) -> None:
    with standing_in(path) as standin:
        digest = standin.seal.digest("pl4nted")

    with standing_in(path) as same, standing_in(tmp_path / "other") as other:
        assert same.seal.digest("pl4nted") == digest != other.seal.digest("pl4nted")


def test_no_secret_is_in_the_file_and_nobody_else_may_read_it(path: Path) -> None:
    with standing_in(path) as standin:
        for action, form in WRITES:
            say(standin, action, form)

    text = path.read_text(encoding="utf-8")
    assert "pl4nted" not in text
    assert '"pw"' not in text
    assert "SG." not in text
    assert "cred1-password" not in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_others_could_read_is_closed_to_them(written: Path) -> None:
    written.chmod(0o644)

    with standing_in(written):
        assert stat.S_IMODE(written.stat().st_mode) == 0o600


def test_a_call_that_changes_nothing_writes_nothing(written: Path) -> None:
    size = written.stat().st_size
    with standing_in(written) as standin:
        say(standin, MANAGE, {"method": "disable", **A})
        say(standin, MANAGE, {"method": "profile", "task": "get"})
        say(standin, ADD, {})

    assert written.stat().st_size == size


def test_a_reset_leaves_the_seed_alone_in_the_file_and_keeps_its_key(written: Path) -> None:
    with standing_in(written) as standin:
        digest = standin.seal.digest("pl4nted")
        standin.reset()
        say(standin, MANAGE, {"method": "disable", "user": "aa@x.com"})

    assert len(written.read_bytes().splitlines()) == 3
    with standing_in(written) as standin:
        assert [name for name, one in state(standin).customers.items() if not one.active] == ["b@x.com", "aa@x.com"]
        assert "new@x.com" not in state(standin).customers
        assert standin.seal.digest("pl4nted") == digest


def test_a_last_line_that_a_crash_cut_short_is_dropped_wherever_it_was_cut(written: Path) -> None:
    whole = written.read_bytes()
    last = whole.splitlines(keepends=True)[-1]

    for cut in (1, 2, len(last) // 2, len(last) - 1):
        written.write_bytes(whole[:-cut])
        with standing_in(written) as standin:
            assert "new@x.com" not in state(standin).customers
            assert not state(standin).customers["a@x.com"].active
            say(standin, ADD, NEW)
        with standing_in(written) as standin:
            assert "new@x.com" in state(standin).customers


@pytest.mark.parametrize("left", [0, 1, 20, 60])
def test_a_file_whose_first_line_was_never_finished_is_a_new_one(written: Path, left: int) -> None:
    written.write_bytes(written.read_bytes()[:left])

    with standing_in(written) as standin:
        assert state(standin).customers["a@x.com"].active


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"dear diary", "does not begin as one"),
        (b"{}\n", "does not begin as one"),
        (b'{"format":"sandbox-provider-state","version":2,"key":"' + b"0" * 64 + b'"}\n', r"line 1 cannot be read"),
        (b'{"format":"sandbox-provider-state","version":1,"key":"pl4nted"}\n', r"line 1 cannot be read"),
        (b"\xff\xfe\n", "does not begin as one"),
    ],
)
def test_a_file_of_another_format_is_refused_and_left_as_it_is(path: Path, content: bytes, why: str) -> None:
    path.write_bytes(content)

    with pytest.raises(StateFileError, match=why) as caught, standing_in(path):
        pass

    assert path.read_bytes() == content
    assert "choose another file" in str(caught.value)
    assert "pl4nted" not in str(caught.value)


def test_a_line_in_the_middle_that_cannot_be_read_is_named(written: Path) -> None:
    lines = written.read_bytes().splitlines(keepends=True)
    written.write_bytes(b"".join([*lines[:2], b'{"version":1,"changes":[{"what":"wish"}]}\n', *lines[3:]]))

    with pytest.raises(StateFileError, match="line 3 cannot be read"), standing_in(written):
        pass


def test_a_line_that_takes_away_what_is_not_there_is_named(written: Path) -> None:
    lines = written.read_bytes().splitlines(keepends=True)
    gone = json.loads(lines[3])
    gone["changes"][0] |= {"is_gone": True}
    written.write_bytes(b"".join([*lines[:3], json.dumps(gone).encode() + b"\n"]))

    with pytest.raises(StateFileError, match="line 4 takes away"), standing_in(written):
        pass


def test_a_file_with_customers_of_a_login_that_is_not_configured_is_refused(written: Path) -> None:
    seed = check_seed()
    only_acme = seed.model_copy(update={"resellers": seed.resellers[:1], "customers": ()})

    with pytest.raises(StateFileError, match="not configured: other"), standing_in(written, only_acme):
        pass


def test_a_file_in_use_is_refused(written: Path) -> None:
    with (
        standing_in(written),
        pytest.raises(StateFileError, match="used by another sandbox"),
        standing_in(written),
    ):
        pass


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StateFileError, match="cannot be opened"), standing_in(tmp_path):
        pass


def test_after_a_failed_write_nothing_is_written_behind_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with standing_in(path) as standin:
        with monkeypatch.context() as patched:
            patched.setattr(os, "fdatasync", fail)
            with pytest.raises(StateFileError, match="No space left"):
                say(standin, MANAGE, {"method": "disable", **A})
        size = path.stat().st_size
        with pytest.raises(StateFileError, match="make room"):
            say(standin, ADD, NEW)

        assert path.stat().st_size == size


def fail(_: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
