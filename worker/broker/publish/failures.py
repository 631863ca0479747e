"""Why the broker did not take a message, in words that say what to do about it."""

import re

_NEEDS = {"memory": "memory", "disk": "disk space"}
TOPOLOGY_HINT = (
    "`provisioning-worker topology check` says what is missing, `provisioning-worker topology apply` declares it"
)
REFUSED = (
    "the broker refused it: a queue that is bound there is full (max-length with reject-publish), or cannot take "
    "anything now. Take messages out of that queue, or raise its limit"
)


_SIZE_LIMIT = re.compile(r"message size \d+ is larger than (?:configured )?max size (\d+)")


def size_limit(reply_text: str) -> int | None:
    """How many bytes a body may have, if the broker closed the channel over a larger one; None: over something else."""
    found = _SIZE_LIMIT.search(reply_text)
    return int(found[1]) if found else None


def oversized(limit: int) -> str:
    """The body is larger than the broker allows."""
    return f"its body is larger than the {limit} bytes that the broker allows: raise `max_message_size` there"


def overheaded(size: int, limit: int) -> str:
    """The headers do not fit in one frame, as AMQP wants them to."""
    return f"its headers take {size} bytes and the broker takes {limit}: shorten them, or raise `frame_max` there"


def returned(reply_text: str) -> str:
    """Word that the broker returned a message because no queue is bound for it."""
    return f"the broker returned it: {reply_text}, no queue is bound for it. {TOPOLOGY_HINT}"


def blocked(reason: str) -> str:
    """An alarm is on; `reason` is the broker's word for it, such as `low on memory`."""
    short = " and ".join(words for word, words in _NEEDS.items() if word in reason) or "memory or disk space"
    return (
        f"the broker takes no messages now ({reason}): give it {short}, or find who fills it; `rabbitmq-diagnostics "
        "alarms` names the node, and it goes on by itself"
    )


def unanswered(seconds: float) -> str:
    """Neither taken nor refused in all that time."""
    return (
        f"no answer within {seconds:g} s: the broker hangs, or a queue that is bound there has no leader; `rabbitmqctl "
        "list_queues name leader` shows which"
    )


def unconnected(reason: str) -> str:
    """There is no connection to publish on."""
    return (
        f"there is no connection to publish on ({reason}); it is tried again, and `provisioning-worker doctor` looks "
        "for the cause"
    )
