"""pika's exceptions in words a person can act on. Only their text leaves this room."""

import ssl

from pika import exceptions
from pika.adapters.utils import connection_workflow as workflow

from worker.broker import tls

_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (exceptions.ProbableAuthenticationError, "the broker refuses the login"),
    (exceptions.AuthenticationError, "the broker does not accept this kind of login"),
    (exceptions.ProbableAccessDeniedError, "the login has no access to this virtual host, or it does not exist"),
    (exceptions.IncompatibleProtocolError, f"the peer does not speak AMQP 0-9-1: {tls.PORT_HINT}"),
    (exceptions.AMQPHeartbeatTimeout, "the broker has been silent for longer than the heartbeat allows"),
    (workflow.AMQPConnectorStackTimeout, "the broker did not answer in time"),
    (TimeoutError, "the broker's host did not answer in time"),
    (ConnectionRefusedError, "nothing listens at that address"),
)


def words(error: BaseException) -> str:
    """Say what went wrong with a connection or a channel, with the broker's own text where it gave one."""
    root = _root(error)
    if isinstance(root, exceptions.ConnectionClosedByBroker | exceptions.ChannelClosedByBroker):
        return f"the broker closed it: {root.reply_code} {root.reply_text}"
    if isinstance(root, exceptions.ConnectionClosed | exceptions.ChannelClosed):
        return f"we closed it: {root.reply_text}"
    reason = _tls_words(root) or next((text for kind, text in _WORDS if isinstance(root, kind)), None)
    return reason or str(root) or type(root).__name__


def _tls_words(root: BaseException) -> str | None:
    if isinstance(root, ssl.SSLError):
        return tls.words(root)
    # With TLS 1.3 a broker refuses our certificate after the handshake, and pika keeps only that error's text.
    return tls.words_in(str(root)) if isinstance(root, exceptions.IncompatibleProtocolError) else None


def _root(error: BaseException) -> BaseException:
    """Unwrap what pika wraps: the last attempt's own exception says more than its wrappers."""
    while True:
        inner = _inner(error)
        if inner is None:
            return error
        error = inner


def _inner(error: BaseException) -> BaseException | None:
    if isinstance(error, workflow.AMQPConnectionWorkflowFailed):
        return error.exceptions[-1]
    if isinstance(error, workflow.AMQPConnectorPhaseErrorBase):
        return error.exception
    if isinstance(error, exceptions.AMQPConnectionError) and error.args and isinstance(error.args[0], BaseException):
        return error.args[0]
    return None
