"""Passwords and keys are planted everywhere they belong, and found nowhere else."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from sandbox.provider.faults import Fault, FaultRule
from sandbox.provider.settings import Switches
from sandbox.servers.finding import OwnBroker
from tests.support import commands as build
from tests.support import plants
from tests.support.commands import Command, structured
from tests.support.installation import Installation, open_installation
from tests.support.plants import planted, seen_in

ECHOING = Switches(echo=True)
USER = "worker-with-a-secret"
MASK = "**********"


@dataclass(frozen=True, slots=True)
class Lived:
    """An installation in which secrets have met everything that can go wrong, and what it showed of that."""

    installation: Installation
    shown: Mapping[str, str]


@pytest.fixture(scope="module")
def secret_url(broker: OwnBroker) -> Iterator[str]:
    """The broker, by a login whose password is a secret of ours."""
    broker.ctl("add_user", USER, planted("broker"))
    broker.ctl("set_permissions", USER, ".*", ".*", ".*")
    yield broker.url.replace("guest:guest", f"{USER}:{quote(planted('broker'), safe='')}")
    broker.ctl("delete_user", USER)


@contextmanager
def open_secret_installation(broker_url: str, folder: Path) -> Iterator[Installation]:
    """An installation in which each login is a secret of ours, and a provider that quotes what it was sent."""
    with open_installation(broker_url, folder, plants.seed()) as installation:
        installation.settings |= {
            "PROVIDER__API_KEY": plants.API_KEY,
            "PROVIDER__V3_API_KEY": plants.V3_KEY,
            "SECRETS__KEYS": plants.LEDGER_KEY,
            "LOG__LEVEL": "debug",
        }
        installation.sandbox.set_switches(ECHOING)
        yield installation


@pytest.fixture(scope="module", params=["json", "xml"])
def lived(
    request: pytest.FixtureRequest, broker: OwnBroker, secret_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lived]:
    with open_secret_installation(broker.url, tmp_path_factory.mktemp("secrets")) as installation:
        installation.settings |= {"PROVIDER__FORMAT": request.param, "AMQP__URL": secret_url}
        with installation.worker(LOG__FORMAT="json") as worker:
            first = meet_everything(installation)
            sent = installation.type("send", "-", "--wait", stdin="\n".join(plain(one) for one in resent()))
            shown = {page: worker.ask(page).body for page in ("/metrics", "/readyz", "/livez")}
            assert worker.terminate() == 0
        listed = installation.type("customers", "list")
        completed = installation.type("explain", first.id, "--output", "json")
        typed = {"send": sent, "customers list": listed, "explain": completed}
        shown |= {name: done.stdout + done.stderr for name, done in typed.items()}
        with installation.starting_worker(LOG__FORMAT="text") as readable:
            again = build.add_credential("a@x.com", "cred1", planted("add"))
            installation.emitter.publish(again)
            installation.listener.await_event(again)
            assert readable.terminate() == 0
        yield Lived(installation, {**shown, "log": worker.log, "readable log": readable.log})


def meet_everything(installation: Installation) -> Command:
    good = plants.applied()
    for fault in (Fault.HTML, Fault.ERROR_500, Fault.TRUNCATED, Fault.DROP_BEFORE):
        installation.sandbox.inject(FaultRule(fault=fault, times=1))
    commands = [*good, *plants.refused_by_the_provider(), *plants.refused_by_us(good[0])]
    installation.emitter.publish(*commands, *plants.broken())
    installation.listener.await_events(commands)
    for message in plants.broken():
        installation.listener.await_dead_letter(message)
    return commands[0]


def plain(command: Command) -> str:
    return structured(command).body.decode()


def resent() -> list[Command]:
    return plants.refused_by_the_provider()[:4]


def test_no_secret_is_shown_by_the_worker_or_a_tool(lived: Lived) -> None:
    assert [where for where, text in lived.shown.items() if not text] == []
    assert {where: found for where, text in lived.shown.items() if (found := seen_in(text))} == {}


def test_no_secret_is_in_an_event_though_the_provider_quoted_it(lived: Lived) -> None:
    events = lived.installation.listener.events
    assert [event.body for event in events if seen_in(event.body) or seen_in(event.properties)] == []
    quoted = [text for event in events for text in event.data.get("errors", []) if "you sent" in text]
    assert len(quoted) > 10
    assert [text for text in quoted if MASK not in text] == []


def test_no_secret_is_in_a_dead_letters_headers(lived: Lived) -> None:
    dead_letters = lived.installation.listener.dead_letters
    assert len({dead_letter.worker_headers["dead-letter-id"] for dead_letter in dead_letters}) > 20
    assert [
        dead_letter.worker_headers
        for dead_letter in dead_letters
        if seen_in(dead_letter.properties) or seen_in(dead_letter.routing_key)
    ] == []


def test_no_secret_is_in_the_ledgers_files(lived: Lived) -> None:
    assert len(list(lived.installation.folder.glob("ledger*"))) > 0
    assert plants.seen_in_files(lived.installation.folder, "*") == []


def test_no_secret_travelled_in_a_url_or_in_a_header_of_another_name(lived: Lived) -> None:
    calls = lived.installation.sandbox.journal()
    assert {entry.query_names for entry in calls} == {()}
    assert [entry.path for entry in calls if seen_in(entry.path)] == []
    digests = {lived.installation.sandbox.digest(plants.API_KEY), lived.installation.sandbox.digest(plants.V3_KEY)}
    assert {entry.key_digest for entry in calls} == digests


@pytest.mark.parametrize("how", ["nest401", "errors", "html403"])
def test_a_refused_login_is_not_shown_though_the_provider_quotes_it(own_installation: Installation, how: str) -> None:
    own_installation.sandbox.set_switches(Switches.model_validate({"auth_error": how, "echo": True}))
    with own_installation.worker(PROVIDER__API_KEY=planted("wrong"), LOG__LEVEL="debug") as worker:
        own_installation.emitter.publish(*plants.applied())
        reason = worker.await_paused("unauthorized")
        shown = reason + worker.log + worker.ask("/readyz").body + worker.ask("/metrics").body
        assert worker.terminate() == 0
    assert "PROVISIONING_PROVIDER__" in reason
    assert seen_in(shown) == []


def test_a_refused_key_of_the_newer_api_is_not_shown_though_the_provider_quotes_it(
    own_installation: Installation,
) -> None:
    own_installation.sandbox.set_switches(ECHOING)
    with own_installation.worker(PROVIDER__V3_API_KEY=plants.V3_KEY, LOG__LEVEL="debug") as worker:
        own_installation.emitter.publish(build.update_user_profile("a@x.com", {"city": "York"}))
        detail = worker.await_logged("command_retried")["detail"]
        shown = detail + worker.log + worker.ask("/readyz").body + worker.ask("/metrics").body
        assert worker.terminate() == 0
    assert "PROVISIONING_PROVIDER__V3_API_KEY" in detail
    assert seen_in(shown) == []


def test_a_refused_broker_password_is_not_shown(own_installation: Installation) -> None:
    url = own_installation.broker_url.replace("guest:guest", f"guest:{quote(planted('broker'), safe='')}")
    with own_installation.starting_worker(AMQP__URL=url, LOG__LEVEL="debug") as worker:
        worker.await_logged("broker_unreachable")
        shown = worker.log + worker.ask("/readyz").body
        assert worker.terminate() == 0
    sent = own_installation.type("send", "-", stdin=plain(plants.applied()[0]), AMQP__URL=url)
    assert "refuses the login" in shown
    assert "refuses the login" in sent.stderr
    assert seen_in(shown + sent.stdout + sent.stderr) == []


def test_settings_are_shown_without_the_secrets_in_them(installation: Installation) -> None:
    secret = quote(planted("url"), safe="")
    changes = {
        "AMQP__URL": f"amqp://u:{secret}@127.0.0.1:1/",
        "AMQP__MANAGEMENT_URL": f"http://u:{secret}@127.0.0.1:1/",
        "LEDGER__URL": f"postgresql+psycopg://u@127.0.0.1:1/ledger?password={secret}&sslpassword={secret}",
        "PROVIDER__PROXY": f"http://u:{secret}@127.0.0.1:1",
        "PROVIDER__API_KEY": plants.API_KEY,
        "PROVIDER__V3_API_KEY": plants.V3_KEY,
        "SECRETS__KEYS": plants.LEDGER_KEY,
    }
    typed = [
        ("config", "show"),
        ("config", "check"),
        ("customers", "list"),
        ("run",),
        ("explain", "evt_1"),
        ("doctor",),
    ]
    completed = [installation.type(*words, **changes) for words in typed]
    assert [done.returncode for done in completed[:3]] == [0, 0, 69]
    assert [seen_in(done.stdout + done.stderr) for done in completed] == [[]] * len(typed)
