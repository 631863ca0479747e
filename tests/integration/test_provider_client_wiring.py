"""The client as the program builds it: what is set reaches it, and what it learns reaches the other rooms."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from messages.commands import UpdateUserProfile
from tests.support.raw_http import RawServer, answer, raw_server, sends
from tests.support.work_samples import disable_command
from worker.assembly import Parts, Surroundings, assemble
from worker.errors import Unauthorized
from worker.intake.causes import PauseCause
from worker.settings import Settings, load
from worker.settings.loading import ledger_url
from worker.settings.model import PREFIX
from worker.telemetry.logs import LineWriter, logger

XML_SUCCESS = b"<result><message>success</message></result>"
REFUSED = answer(b'{"errors":[{"field":null,"message":"authorization required"}]}', "401 Unauthorized")


@contextmanager
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **settings: str) -> Iterator[Parts]:
    """Build the program with these provider settings; nothing of it is started but the ledger."""
    for name in [name for name in os.environ if name.upper().startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    ledger = f"sqlite:///{tmp_path}/ledger.sqlite3"
    for name, value in {"LEDGER__URL": ledger, "PROVIDER__API_USER": "acme", "PROVIDER__API_KEY": "pw"}.items():
        monkeypatch.setenv(f"{PREFIX}{name}", value)
    for name, value in settings.items():
        monkeypatch.setenv(f"{PREFIX}PROVIDER__{name}", value)
    found = load(Settings)
    lines = LineWriter(sys.stdout)
    log = logger(found.log.format, found.log.level, lines)
    around = Surroundings(ledger_url(found, os.environ), lambda: load(Settings), log, lines, lambda _: None)
    parts = assemble(found, around)
    yield parts
    parts.provider.close()
    parts.ledger.stop()


@pytest.fixture
def server() -> Iterator[RawServer]:
    with raw_server() as server:
        yield server


def test_the_dialect_that_is_set_is_spoken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: RawServer) -> None:
    server.will(sends(answer(XML_SUCCESS)))

    with built(tmp_path, monkeypatch, BASE_URL=server.url, EDITION="distributor", FORMAT="xml") as parts:
        parts.provider.apply(disable_command())

    assert server.requests[0].startswith(b"POST /api/distributor.manage.xml ")


def test_a_limit_that_is_used_up_pauses_the_intake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: RawServer
) -> None:
    reset = f"x-ratelimit-RESET: {int(time.time()) + 60}"
    server.will(sends(answer(b'{"message":"success"}', "200 OK", "x-ratelimit-REMAINING: 0", reset)))

    with built(tmp_path, monkeypatch, BASE_URL=server.url) as parts:
        parts.provider.apply(disable_command())

        pause = parts.pause.causes[PauseCause.THROTTLED]
    assert pause.until - pause.since == pytest.approx(60, abs=30)


def test_a_refused_v3_key_is_read_again_from_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: RawServer
) -> None:
    key = tmp_path / "v3-key"
    key.write_text("SG.old\n")
    server.will(sends(REFUSED), sends(answer(b'{"city":"Paris"}')))
    update = UpdateUserProfile(on_behalf_of="ada", city="Paris")

    with built(
        tmp_path, monkeypatch, BASE_URL="http://127.0.0.1:1", V3_BASE_URL=server.url, V3_API_KEY_FILE=str(key)
    ) as parts:
        key.write_text("SG.new\n")
        with pytest.raises(Unauthorized):
            parts.provider.apply(update)
        parts.provider.apply(update)

    sent = [b"Authorization: Bearer SG.old\r\n" in server.requests[0], b"Bearer SG.new\r\n" in server.requests[1]]
    assert sent == [True, True]
