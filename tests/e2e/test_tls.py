"""TLS to the broker: the whole work over it, with a client certificate; and every refusal in words that help."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.certificates import ELSEWHERE, EXPIRED, Authority, Wanted
from tests.support.commands import create, new_username, structured
from tests.support.installation import Installation, open_installation
from tests.support.tls_broker import TlsBroker, shown, tls_broker
from tests.support.tls_front import TlsFront
from tests.support.waiting import wait_for
from worker.broker.address import BrokerAddress
from worker.broker.diagnose.checkup import look_at_broker
from worker.broker.topology.errands import inspect_topology
from worker.broker.topology.model import Topology
from worker.broker.topology.survey import Mode
from worker.errors import BrokerUnreachable

DONE, UNREACHABLE, CONFIGURATION = 0, 69, 78
SECRET = "planted-secret"
#: What a program knows of the broker.
Settings = dict[str, str]


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsBroker]:
    with tls_broker(tmp_path_factory.mktemp("tls")) as started:
        yield started


@pytest.fixture
def secured(tls: TlsBroker, tmp_path: Path) -> Iterator[Installation]:
    """An installation whose programs reach the broker with TLS alone."""
    with open_installation(tls.node.url, tmp_path) as installation:
        installation.settings |= tls.settings(tls.authority.issue_to_client("the worker"))
        yield installation


def test_both_connections_and_all_tools_work_over_tls(tls: TlsBroker, secured: Installation) -> None:
    command = create(new_username())
    with secured.worker() as worker:
        sent = secured.type("send", "-", "--wait", stdin=structured(command).body.decode())
        assert (sent.returncode, json.loads(sent.stdout)["type"]) == (DONE, "CustomerCreated")
        await_connections(tls, "the worker")
        assert secured.type("topology", "check").returncode == DONE
        completed = [json.loads(line)["rule"] for line in secured.type("doctor").stdout.splitlines()]
        assert "broker-reached" not in completed
        assert worker.terminate() == 0
    secured.verdict([command])


def test_without_a_user_the_certificate_is_the_login_and_a_renewed_one_is_used(
    tls: TlsBroker, secured: Installation
) -> None:
    """The URL is in a file, and the certificate's files are replaced while the worker runs."""
    for name in ("prov-a", "prov-b"):
        tls.node.ctl("add_user", name, SECRET)
        tls.node.ctl("clear_password", name)
        tls.node.ctl("set_permissions", name, ".*", ".*", ".*")
    first, renewed = (tls.authority.issue_to_client(name) for name in ("prov-a", "prov-b"))
    url = secured.folder / "url"
    url.write_text(f"{tls.url(login='')}\n")
    del secured.settings["AMQP__URL"]
    with secured.worker(AMQP__URL_FILE=str(url), **shown(first)) as worker:
        await_connections(tls, "prov-a")
        shutil.copy(renewed.certificate, first.certificate)
        shutil.copy(renewed.key, first.key)
        tls.node.ctl("close_all_connections", "renewed")
        await_connections(tls, "prov-b")
        worker.await_ready()
        command = create(new_username())
        secured.emitter.publish(command)
        secured.listener.await_event(command)
        assert worker.terminate() == 0


def await_connections(tls: TlsBroker, name: str) -> None:
    """Wait until both connections of one program are all that the broker knows, with this name in the certificate."""
    # Those of a program that has just ended stay in the broker's books for a moment.
    both = {"consume": f"CN={name}", "publish": f"CN={name}"}
    wait_for(lambda: tls.connections() == both, f"both connections with the certificate of {name}")


def wrong_authority(tls: TlsBroker, folder: Path) -> Settings:
    return tls.settings(tls.authority.issue()) | {"AMQP__TLS_CA": str(Authority(folder / "other").path)}


def no_certificate(tls: TlsBroker, _: Path) -> Settings:
    return {"AMQP__URL": tls.url(), "AMQP__TLS_CA": str(tls.authority.path)}


def expired_client(tls: TlsBroker, _: Path) -> Settings:
    return tls.settings(tls.authority.issue(EXPIRED))


def stranger(tls: TlsBroker, folder: Path) -> Settings:
    return tls.settings(Authority(folder / "other").issue())


def plain_to_tls(tls: TlsBroker, _: Path) -> Settings:
    return {"AMQP__URL": tls.url().replace("amqps:", "amqp:")}


def tls_to_plain(tls: TlsBroker, _: Path) -> Settings:
    return tls.settings(tls.authority.issue()) | {"AMQP__URL": tls.node.url.replace("amqp:", "amqps:")}


#: The words for it. With TLS 1.3 a refused client may be cut off before it can read why; the hint is the same.
_OURS = "PROVISIONING_AMQP__TLS_CERT"
REFUSALS: dict[str, tuple[Callable[[TlsBroker, Path], Settings], str]] = {
    "wrong authority": (wrong_authority, "nobody whom we trust has signed the broker's certificate"),
    "no client certificate": (no_certificate, _OURS),
    "expired client certificate": (expired_client, _OURS),
    "client of another authority": (stranger, _OURS),
    "plain to the TLS port": (plain_to_tls, "a TLS port needs amqps://"),
    "TLS to the plain port": (tls_to_plain, "does not speak TLS"),
}


def address(settings: Settings) -> BrokerAddress:
    files = (settings.get(f"AMQP__TLS_{name}") for name in ("CA", "CERT", "KEY"))
    return BrokerAddress(settings["AMQP__URL"].replace(":guest@", f":{SECRET}@"), *files)


@pytest.mark.parametrize("kind", REFUSALS)
def test_a_refusal_names_the_cause_and_the_setting(kind: str, tls: TlsBroker, tmp_path: Path) -> None:
    settle, words = REFUSALS[kind]
    asked = address(settle(tls, tmp_path))
    with pytest.raises(BrokerUnreachable) as refused:
        inspect_topology(asked, Topology("p"), Mode.LOOK)
    fault = look_at_broker(asked, Topology("p")).fault or ""

    for completed in (str(refused.value), fault):
        assert words in completed
        assert SECRET not in completed


@pytest.mark.parametrize(("wanted", "words"), [(EXPIRED, "has expired"), (ELSEWHERE, "is for another host")])
def test_a_broker_with_a_bad_certificate_is_not_spoken_to(
    wanted: Wanted, words: str, tls: TlsBroker, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    bad, plain_port = authority.issue(wanted), int(tls.node.url.rpartition(":")[2].rstrip("/"))
    with TlsFront(plain_port, bad.certificate, bad.key) as front:
        asked = BrokerAddress(f"amqps://a:{SECRET}@127.0.0.1:{front.port}/", tls_ca=str(authority.path))
        with pytest.raises(BrokerUnreachable, match=f"the broker's certificate {words}") as refused:
            inspect_topology(asked, Topology("p"), Mode.LOOK)

    assert SECRET not in str(refused.value)


def test_what_a_person_types_ends_as_unreachable_with_the_reason(
    tls: TlsBroker, secured: Installation, tmp_path: Path
) -> None:
    settings = wrong_authority(tls, tmp_path) | {"AMQP__URL": tls.url(f"guest:{SECRET}@")}
    completed = secured.type("topology", "check", **settings)
    assert completed.returncode == UNREACHABLE
    assert "PROVISIONING_AMQP__TLS_CA" in completed.stderr
    assert SECRET not in completed.stdout + completed.stderr


def test_a_worker_without_the_certificate_waits_and_readiness_says_why(tls: TlsBroker, secured: Installation) -> None:
    for name in ("AMQP__TLS_CERT", "AMQP__TLS_KEY"):
        del secured.settings[name]
    with secured.starting_worker(AMQP__URL=tls.url(f"guest:{SECRET}@")) as worker:

        def reasons() -> list[str]:
            broker = worker.ask("/readyz").document["broker"]
            return [str(broker[role]) for role in ("consume", "publish")]

        wait_for(lambda: all(_OURS in reason for reason in reasons()), "the reason for both connections")
        assert worker.ask("/readyz").status == 503
        assert worker.ask("/livez").status == 200
        assert SECRET not in worker.log + worker.ask("/readyz").body
        assert worker.terminate() == 0


def test_a_key_that_does_not_fit_keeps_the_worker_from_starting(tls: TlsBroker, secured: Installation) -> None:
    other = str(tls.authority.issue().key)
    refused = secured.type("run", AMQP__TLS_KEY=other)
    assert refused.returncode == CONFIGURATION
    assert f"PROVISIONING_AMQP__TLS_KEY: {other} is not the key of the certificate" in refused.stderr
