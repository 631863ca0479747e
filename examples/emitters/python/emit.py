"""Creates one customer and waits for the answer. What each exit code means is in ../README.md."""

import json
import os
import sys
import uuid
from datetime import UTC, datetime
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError

SOURCE = "billing"
ANSWER_SECONDS = 60
#: What the broker answers when nothing is there to take a command or to listen to.
NOBODY_THERE = ("NO_ROUTE", "NOT_FOUND", "Unroutable")
CREATED, FAILED, NOT_TAKEN, NO_ANSWER = range(4)


def create_customer(username: str, identity: str) -> dict[str, Any]:
    """Write the command. Keep its id with your order: sent again under the same id it is still done only once."""
    return {
        "specversion": "1.0",
        "type": "CreateCustomer",
        "source": SOURCE,
        "id": identity,
        "subject": f"cus_{username}",  # your own reference of the customer: commands about one are done in order
        "time": datetime.now(UTC).isoformat(),
        "datacontenttype": "application/json",
        "data": {
            "username": username,
            "password": "a-first-password",
            "email": "ada@example.com",
            "first_name": "Ada",
            "last_name": "Example",
            "address": "1 Harbor Street",
            "city": "Springfield",
            "state": "CA",
            "zip": "91234",
            "country": "US",
            "phone": "555-0100",
            "website": "ada.example.com",
            "company": "Ada Ltd",
            "package": "Basic",
            "whitelabel": "mail.ada.example.com",
        },
    }


def listen(channel: BlockingChannel, prefix: str) -> str:
    """Make the queue for the answers. It goes with this program; in production declare a durable one, once."""
    queue = str(channel.queue_declare("", exclusive=True, auto_delete=True).method.queue)
    channel.queue_bind(queue, f"{prefix}.events", f"*.{SOURCE}")
    return queue


def publish(channel: BlockingChannel, prefix: str, command: dict[str, Any]) -> None:
    """Return once the broker has it on disk; raise AMQPError when it refused it, or no queue was there to take it."""
    properties = pika.BasicProperties(
        content_type="application/cloudevents+json", delivery_mode=2, message_id=command["id"]
    )
    channel.confirm_delivery()
    channel.basic_publish(
        f"{prefix}.commands", command["type"], json.dumps(command).encode(), properties, mandatory=True
    )


def answer_to(command: dict[str, Any], channel: BlockingChannel, queue: str) -> dict[str, Any] | None:
    """Return the event that this command caused; None when there is none in time."""
    for _, _, body in channel.consume(queue, auto_ack=True, inactivity_timeout=ANSWER_SECONDS):
        if body is None:
            return None
        event: dict[str, Any] = json.loads(body)
        if event["causationid"] == command["id"]:
            return event
    return None


def likely_cause(problem: str, prefix: str) -> str:
    """Say what is usually wrong when nothing was there to take the command."""
    if not any(sign in problem for sign in NOBODY_THERE):
        return ""
    return f" (is PREFIX={prefix} wrong, or has no worker declared its exchanges yet?)"


def main() -> int:
    """Listen first, then send: so the answer cannot be missed."""
    url = os.environ.get("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/")
    prefix = os.environ.get("PREFIX", "provisioning")
    username = sys.argv[1] if len(sys.argv) > 1 else f"ada-{uuid.uuid4().hex[:8]}@example.com"
    command = create_customer(username, sys.argv[2] if len(sys.argv) > 2 else f"evt_{uuid.uuid4()}")  # noqa: PLR2004
    print(f"sending {command['id']} for {username}", file=sys.stderr)
    try:
        with pika.BlockingConnection(pika.URLParameters(url)) as connection:
            channel = connection.channel()
            queue = listen(channel, prefix)
            publish(channel, prefix, command)
            event = answer_to(command, channel, queue)
    except AMQPError as error:
        problem = f"{error!r}{likely_cause(repr(error), prefix)}"
        print(f"not sent: {problem}; send it again with the same id", file=sys.stderr)
        return NOT_TAKEN
    if event is None:
        print("sent, and not answered yet", file=sys.stderr)
        return NO_ANSWER
    print(json.dumps(event))
    return FAILED if event["type"] == "CommandFailed" else CREATED


if __name__ == "__main__":
    sys.exit(main())
