"""The lines that mend: for a POSIX shell, quoted, without a secret; words in capitals are for the reader to fill in."""

from shlex import quote

APPLY = "provisioning-worker topology apply"
LOOK_AGAIN = "provisioning-worker doctor"
#: A quorum queue reports its count every five seconds: the one before may say 0 of a queue that is not empty.
_COUNTED_AFTER_SECONDS = 10


def export(name: str, value: object) -> str:
    """Set one of the worker's settings."""
    return f"export PROVISIONING_{name}={quote(str(value))}"


def set_management_url(host: str) -> str:
    """Let doctor read the management API."""
    return f"export PROVISIONING_AMQP__MANAGEMENT_URL=https://USER:PASSWORD@{host}:15671"


def rabbitmqctl(command: str, vhost: str, *words: str) -> str:
    """One command of the broker's own tool, within a virtual host."""
    return " ".join(["rabbitmqctl", command, "-p", quote(vhost), *map(quote, words)])


def peeked(vhost: str, queue: str) -> str:
    """Show a quorum queue's oldest message, the body's first 64 bytes with it; no delivery is counted."""
    return f"rabbitmq-queues peek -p {quote(vhost)} {quote(queue)} 1"


def remade_queue(vhost: str, name: str) -> str:
    """Delete a queue if nothing is in it, and declare it again. The broker's `--if-empty` knows no quorum queues."""
    counted = f"sleep {_COUNTED_AFTER_SECONDS}; rabbitmqctl -q list_queues -p {quote(vhost)} name messages"
    empty = f"{counted} | grep -qxF \"$(printf '%s\\t0' {quote(name)})\""
    return f"{empty} && {rabbitmqctl('delete_queue', vhost, name)} && {APPLY}"


def without_policy(vhost: str, name: str, *, operator: bool) -> str:
    """Take a policy away."""
    return rabbitmqctl("clear_operator_policy" if operator else "clear_policy", vhost, name)


def replaced_exchange(name: str) -> str:
    """Delete an exchange that is not as it must be, and declare it again."""
    return f"{APPLY} --replace {quote(name)}"


def disconnected(connection: str) -> str:
    """End a connection, by the name that the broker gave it."""
    found = (
        f"rabbitmqctl -q list_connections pid name | awk -F'\\t' -v name={quote(connection)} '$2 == name {{print $1}}'"
    )
    return f'rabbitmqctl close_connection "$({found})" "no worker of ours"'


def bound(vhost: str, exchange: str) -> str:
    """Bind a queue of the reader's to an exchange, with the tool that comes with the broker and its management API."""
    words = ["rabbitmqadmin", f"--vhost={vhost}", "declare", "binding", f"source={exchange}", "destination=YOUR-QUEUE"]
    return " ".join(map(quote, [*words, "routing_key=*.billing"]))


def permissions(vhost: str, user: str, prefix: str, *, declare: bool) -> str:
    """Give the worker's login what it needs, and nothing else in this virtual host."""
    # Nothing but the dot in a name of ours has a meaning in a pattern.
    start = prefix.replace(".", r"\.")
    if declare:
        everything = rf"^{start}\.(commands|events|dead-letters)(\..+)?$"
        return rabbitmqctl("set_permissions", vhost, user, everything, everything, everything)
    write = rf"^{start}\.(events|dead-letters)$"
    read = rf"^{start}\.commands\.[0-9]+$"
    return rabbitmqctl("set_permissions", vhost, user, "^$", write, read)
