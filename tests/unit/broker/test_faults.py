"""pika's exceptions in words for people."""

import ssl

import pytest
from pika import exceptions
from pika.adapters.utils import connection_workflow as workflow

from worker.broker.faults import words


def wrapped(error: BaseException) -> BaseException:
    attempt = workflow.AMQPConnectorSocketConnectError(error)
    return exceptions.AMQPConnectionError(workflow.AMQPConnectionWorkflowFailed([attempt]))


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (wrapped(ConnectionRefusedError(111, "refused")), "nothing listens at that address"),
        (wrapped(TimeoutError("timed out")), "the broker's host did not answer in time"),
        (exceptions.ProbableAuthenticationError("x"), "the broker refuses the login"),
        (exceptions.ProbableAccessDeniedError("x"), "no access to this virtual host"),
        (exceptions.AMQPHeartbeatTimeout("x"), "silent for longer"),
        (exceptions.ConnectionClosedByBroker(320, "CONNECTION_FORCED"), "the broker closed it: 320 CONNECTION_FORCED"),
        (exceptions.ChannelClosedByBroker(406, "PRECONDITION_FAILED"), "406 PRECONDITION_FAILED"),
        (exceptions.ConnectionClosedByClient(200, "bye"), "we closed it: bye"),
        (ssl.SSLCertVerificationError(1, "self-signed"), "TLS failed"),
        (ValueError(), "ValueError"),
    ],
)
def test_an_error_is_reported_in_words(error: BaseException, sentence: str) -> None:
    assert sentence in words(error)
