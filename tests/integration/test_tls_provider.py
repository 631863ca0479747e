"""https to the provider: whom it trusts, what a bad certificate means for commands, and a bundle that is renewed."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sandbox.servers.finding import OwnBroker
from tests.support.certificates import ELSEWHERE, EXPIRED, Authority, Wanted
from tests.support.commands import create, new_username
from tests.support.installation import Installation, open_installation
from tests.support.tls_front import TlsFront
from tests.support.waiting import wait_for
from worker.errors import NotSent, SettingsInvalid
from worker.provider.client import ProviderClient
from worker.provider.config import Login, ProviderConfig

BUNDLE = "PROVISIONING_PROVIDER__CA_BUNDLE"
CONFIGURATION = 78
KEY = "res3ller-key"


@pytest.fixture
def installation(broker: OwnBroker, tmp_path: Path) -> Iterator[Installation]:
    with open_installation(broker.url, tmp_path) as opened:
        yield opened


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ours")


@contextmanager
def secured(installation: Installation, authority: Authority, wanted: Wanted | None = None) -> Iterator[str]:
    """Put TLS in front of the installation's provider, with such a certificate."""
    shown = authority.issue(wanted)
    with TlsFront(urlsplit(installation.sandbox.url).port or 0, shown.certificate, shown.key) as front:
        yield f"https://127.0.0.1:{front.port}"


def probe_failure(url: str, bundle: Path) -> NotSent:
    """How a call ends there: as one that cannot have happened."""
    made = ProviderClient(ProviderConfig(url, Login("acme", KEY), ca_bundle=str(bundle)), lambda: True, lambda *_: None)
    with pytest.raises(NotSent) as refused:
        made.probe()
    made.close()
    assert KEY not in str(refused.value)
    return refused.value


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (EXPIRED, "has expired"),
        (ELSEWHERE, "is for another host; give in PROVISIONING_PROVIDER__BASE_URL a host that it names"),
    ],
)
def test_a_bad_certificate_is_never_sent_to(
    installation: Installation, authority: Authority, wanted: Wanted, words: str
) -> None:
    with secured(installation, authority, wanted) as url:
        failure = probe_failure(url, authority.path)

    assert f"the provider cannot be reached: the provider's certificate {words}" in failure.detail
    assert installation.sandbox.journal() == ()


def test_a_server_without_tls_is_never_sent_to(installation: Installation, authority: Authority) -> None:
    failure = probe_failure(installation.sandbox.url.replace("http:", "https:"), authority.path)

    assert failure.detail == "the provider cannot be reached: TLS failed (WRONG_VERSION_NUMBER)"


def test_a_bundle_that_vanishes_or_breaks_while_it_is_used_is_never_sent_past(
    installation: Installation, authority: Authority, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle.pem"
    shutil.copy(authority.path, bundle)
    with secured(installation, authority) as url:
        config = ProviderConfig(url, Login("acme", KEY), ca_bundle=str(bundle))
        for spoil in (bundle.unlink, lambda: bundle.write_text("half a cert")):
            spoil()
            made = ProviderClient(config, lambda: True, lambda *_: None)
            with pytest.raises(NotSent, match=BUNDLE):
                made.probe()
            made.close()
    assert installation.sandbox.journal() == ()


def test_a_bundle_that_cannot_be_used_is_bad_configuration(installation: Installation, tmp_path: Path) -> None:
    absent, other = tmp_path / "absent.pem", tmp_path / "other.pem"
    other.write_text("something else")
    with pytest.raises(SettingsInvalid, match=f"{BUNDLE}: {other} holds no certificate"):
        ProviderConfig("https://h", Login("a", KEY), ca_bundle=str(other))

    refused = installation.type("run", PROVIDER__CA_BUNDLE=str(absent))

    assert refused.returncode == CONFIGURATION
    assert f"{BUNDLE}: {absent} cannot be read" in refused.stderr


def test_a_stranger_s_certificate_pauses_until_the_bundle_is_renewed_and_charges_nobody(
    installation: Installation, authority: Authority, tmp_path: Path
) -> None:
    bundle, command = tmp_path / "bundle.pem", create(new_username())
    shutil.copy(Authority(tmp_path / "others").path, bundle)
    with (
        secured(installation, authority) as url,
        installation.worker(PROVIDER__BASE_URL=url, PROVIDER__CA_BUNDLE=str(bundle), RETRY__MAX_ATTEMPTS="1") as worker,
    ):
        installation.emitter.publish(command)
        words = worker.await_paused("outage")
        assert "nobody whom we trust has signed the provider's certificate" in words
        assert BUNDLE in words
        assert installation.sandbox.journal() == ()
        shutil.copy(authority.path, bundle)
        assert installation.listener.await_event(command).properties.type == "CustomerCreated"
        wait_for(lambda: not worker.ask("/readyz").document["paused"], "the end of the pause")
        assert worker.terminate() == 0
    installation.verdict([command])
