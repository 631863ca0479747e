"""Webhooks over HTTP, through the receiver and a real broker, to the worker and the provider."""

import base64
import http.client
import json
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.servers.finding import OwnBroker
from tests.examples.languages import ROOT
from tests.examples.webhooks import LOGIN, SIGNING_SECRET, chargebee, stripe_customer, stripe_headers
from tests.support.broker_tools import plain_connection
from tests.support.installation import Installation, open_installation
from tests.support.waiting import wait_for

SECONDS = 60
SETTINGS = {
    "PORT": "0",
    "PASSWORD_SECRET": "a secret of the adapter",
    "WEBSITE": "www.example.com",
    "WHITELABEL": "mail.example.com",
    "STRIPE_WEBHOOK_SECRET": SIGNING_SECRET,
    "CHARGEBEE_WEBHOOK_USER": LOGIN[0],
    "CHARGEBEE_WEBHOOK_PASSWORD": LOGIN[1],
}
CHARGEBEE_HEADERS = {"Authorization": "Basic " + base64.b64encode(":".join(LOGIN).encode()).decode()}


@dataclass(frozen=True, slots=True)
class Receiver:
    """A receiver that listens, and what it has written."""

    port: int
    process: "subprocess.Popen[str]"

    def post(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        """Send it a webhook; return the status and the words of its answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        try:
            connection.request("POST", "/", body, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def post_stripe(self, webhook: Mapping[str, Any]) -> tuple[int, str]:
        """Sign a webhook and send it."""
        body = json.dumps(webhook).encode()
        return self.post(body, stripe_headers(body, int(time.time())))


@contextmanager
def receiving(vendor: str, **settings: str) -> Iterator[Receiver]:
    """Run the receiver as one would type it."""
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "examples.adapters.receiver", vendor],
        env=SETTINGS | settings,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield Receiver(int(process.stdout.readline().rstrip("/\n").rpartition(":")[2]), process)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def installation(broker: OwnBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with (
        open_installation(broker.url, tmp_path_factory.mktemp("installation")) as installation,
        installation.worker() as worker,
    ):
        yield installation
        assert worker.terminate() == 0


@pytest.fixture(scope="module")
def stripe(installation: Installation) -> Iterator[Receiver]:
    with receiving("stripe", AMQP_URL=installation.broker_url, PREFIX=installation.topology.prefix) as receiver:
        yield receiver


@pytest.fixture
def nowhere(broker: OwnBroker) -> Iterator[str]:
    """A prefix with an exchange for commands and no queue that would take one."""
    prefix = f"test-{uuid.uuid4().hex[:12]}"
    with plain_connection(broker.url) as connection:
        channel = connection.channel()
        channel.exchange_declare(f"{prefix}.commands", "topic", durable=True)
        yield prefix
        channel.exchange_delete(f"{prefix}.commands")


def fresh(customer: str) -> Mapping[str, Any]:
    return stripe_customer(id=customer) | {"id": f"evt_{uuid.uuid4().hex}"}


def events_of(installation: Installation, command_id: str, count: int) -> list[Any]:
    def received() -> list[Any]:
        installation.listener.listen()
        found = [
            received.event for received in installation.listener.events if received.data["command_id"] == command_id
        ]
        return found if len(found) >= count else []

    return wait_for(received, f"{count} events of {command_id}")


def test_a_customer_of_stripe_becomes_one_of_the_provider_once(installation: Installation, stripe: Receiver) -> None:
    customer = f"cus_{uuid.uuid4().hex[:14]}"
    webhook = fresh(customer)

    answers = [stripe.post_stripe(webhook), stripe.post_stripe(webhook)]

    assert answers == [(200, f"CreateCustomer {webhook['id']} was taken")] * 2
    first, again = events_of(installation, webhook["id"], 2)
    assert (first["type"], first["subject"], first["data"]["username"]) == ("CustomerCreated", customer, customer)
    assert again == first
    assert customer in installation.sandbox.state(customer).customers


def test_a_customer_of_chargebee_becomes_one_of_the_provider(installation: Installation) -> None:
    customer = uuid.uuid4().hex[:14]
    webhook = chargebee("customer_created", id=customer) | {"id": f"ev_{uuid.uuid4().hex}"}
    body = json.dumps(webhook).encode()

    with receiving("chargebee", AMQP_URL=installation.broker_url, PREFIX=installation.topology.prefix) as receiver:
        refused = receiver.post(body, {"Authorization": "Basic b3RoZXI6bG9naW4="})
        taken = receiver.post(body, CHARGEBEE_HEADERS)

    assert (refused[0], taken[0]) == (401, 200)
    assert events_of(installation, webhook["id"], 1)[0]["type"] == "CustomerCreated"
    assert f"cb-{customer}" in installation.sandbox.state(f"cb-{customer}").customers


def test_what_stripe_did_not_sign_is_refused_and_sent_nowhere(installation: Installation, stripe: Receiver) -> None:
    customer = f"cus_{uuid.uuid4().hex[:14]}"
    body = json.dumps(fresh(customer)).encode()
    old = stripe_headers(body, int(time.time()) - 3600)

    assert [stripe.post(body, headers)[0] for headers in ({}, old)] == [401, 401]
    after = fresh(f"cus_{uuid.uuid4().hex[:14]}")
    assert stripe.post_stripe(after)[0] == 200
    events_of(installation, after["id"], 1)
    assert installation.sandbox.state(customer).customers == {}


def test_what_asks_for_nothing_is_answered_as_taken(stripe: Receiver) -> None:
    assert stripe.post_stripe({"type": "invoice.paid"}) == (200, "invoice.paid asks for nothing here")


@pytest.mark.parametrize("body", [b"no json", b"[]", b"\xff", b"[" * 100_000, b'{"type": "customer.created"}'])
def test_a_signed_body_of_another_shape_is_refused(stripe: Receiver, body: bytes) -> None:
    assert stripe.post(body, stripe_headers(body, int(time.time())))[0] == 400


def test_a_body_too_large_for_a_webhook_is_not_read(stripe: Receiver) -> None:
    assert stripe.post(b"", {"Content-Length": "99999999"})[0] == 413


def test_what_no_queue_took_is_to_be_sent_again(installation: Installation, nowhere: str) -> None:
    with receiving("stripe", AMQP_URL=installation.broker_url, PREFIX=nowhere) as receiver:
        status, words = receiver.post_stripe(fresh("cus_nowhere"))

    assert (status, words.endswith("was not taken: UnroutableError")) == (503, True)


def test_without_a_broker_every_command_is_to_be_sent_again() -> None:
    with receiving("stripe", AMQP_URL="amqp://guest:planted-secret@127.0.0.1:9/") as receiver:
        webhook = fresh("cus_nobody")
        status, words = receiver.post_stripe(webhook)
        receiver.process.terminate()
        assert receiver.process.stderr is not None
        written = receiver.process.stderr.read()

    assert status == 503
    assert words == f"{webhook['id']} was not taken: AMQPConnectionError"
    assert not [secret for secret in ("planted-secret", "a secret of", "ada@example.com") if secret in written]


def refused(*words: str, **settings: str) -> str:
    """Start it with what must not work, and return what it says."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "examples.adapters.receiver", *words],
        env=settings,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "usage: "),
        (["paypal"], "there is no adapter for paypal; there are stripe, chargebee"),
        (["stripe"], "STRIPE_WEBHOOK_SECRET must be given"),
    ],
)
def test_what_is_missing_to_start_is_reported(words: list[str], message: str) -> None:
    assert message in refused(*words)


@pytest.mark.parametrize("blank", ["", "  "])
@pytest.mark.parametrize(
    ("vendor", "name"),
    [
        ("stripe", "STRIPE_WEBHOOK_SECRET"),
        ("stripe", "PASSWORD_SECRET"),
        ("chargebee", "PASSWORD_SECRET"),
        ("chargebee", "CHARGEBEE_WEBHOOK_USER"),
        ("chargebee", "CHARGEBEE_WEBHOOK_PASSWORD"),
    ],
)
def test_a_secret_that_is_empty_is_none(vendor: str, name: str, blank: str) -> None:
    message = refused(vendor, **SETTINGS | {name: blank})

    assert message == f"{name} must be given, and not be empty; see README.md\n"


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"PORT": "x"}, "PORT must be a number from 0 to 65535"),
        ({"PORT": "65536"}, "PORT must be a number from 0 to 65535"),
        ({"AMQP_URL": "http://ada:planted-secret@127.0.0.1/"}, "AMQP_URL must be amqp:// or amqps://"),
        ({"AMQP_URL": "amqp://ada:planted-secret@127.0.0.1:x/"}, "AMQP_URL must be amqp:// or amqps://"),
    ],
)
def test_a_setting_that_cannot_be_used_is_reported(setting: dict[str, str], message: str) -> None:
    words = refused("stripe", **SETTINGS | setting)

    assert words.startswith(message)
    assert "planted-secret" not in words


def test_a_port_that_is_taken_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert refused("stripe", **SETTINGS | {"PORT": str(port)}).startswith(f"cannot listen on 127.0.0.1:{port}: ")
