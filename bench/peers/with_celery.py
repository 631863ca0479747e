"""Celery: a pool of threads, acks after the work, one reserved task for each thread, no results.

As its guide to optimising has it: `task_acks_late`, `worker_prefetch_multiplier = 1` and as many pooled connections as
threads. The queue is one that somebody else has declared; that it is a quorum queue is said for the sake of prefetch.
"""

import json
import threading
from typing import Any

import requests
from celery import Celery
from kombu import Queue

from bench.work import (
    COMMANDS,
    CONTENT_TYPE,
    PERSISTENT,
    TIMEOUT_SECONDS,
    BenchSettings,
    event_of,
    key_of,
    require_success,
)

settings = BenchSettings()
local = threading.local()

app = Celery("bench", broker=settings.broker_url)
app.conf.update(
    task_queues=[Queue(settings.queue, no_declare=True, queue_arguments={"x-queue-type": "quorum"})],
    task_default_queue=settings.queue,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    worker_enable_remote_control=False,
    broker_pool_limit=settings.calls,
    broker_transport_options={"confirm_publish": True},
    broker_connection_retry_on_startup=True,
)


@app.task(name="apply")
def apply(body: dict[str, Any]) -> None:
    """Do one command."""
    command = COMMANDS.validate_python(body)
    answer = _session().post(settings.url(command), data=settings.form(command), timeout=TIMEOUT_SECONDS)
    require_success(answer.status_code, answer.json())
    event = event_of(command)
    with app.producer_pool.acquire(block=True) as producer:
        producer.publish(
            json.dumps(event),
            exchange=settings.events,
            routing_key=key_of(event),
            content_type=CONTENT_TYPE,
            content_encoding="utf-8",
            delivery_mode=PERSISTENT,
            mandatory=True,
            message_id=event["id"],
            type=event["type"],
            correlation_id=event["correlationid"],
        )


def _session() -> requests.Session:
    if not hasattr(local, "session"):
        local.session = requests.Session()
    session: requests.Session = local.session
    return session
