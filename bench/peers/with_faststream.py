"""FastStream: a RabbitBroker and one asynchronous handler; aiohttp for the calls.

As its documentation has it: the queue is limited by the channel's prefetch, the model of the body stands in the
handler's signature, publishing waits for the confirm, and the handler acks by hand what is published.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from faststream import AckPolicy, FastStream
from faststream.rabbit import Channel, RabbitBroker, RabbitExchange, RabbitQueue
from faststream.rabbit.annotations import RabbitMessage

from bench.work import CONTENT_TYPE, TIMEOUT_SECONDS, BenchCommand, BenchSettings, event_of, key_of, require_success

settings = BenchSettings()
broker = RabbitBroker(
    settings.broker_url,
    default_channel=Channel(prefetch_count=settings.calls),
    log_level=logging.DEBUG,  # of its lines for each message, which then are not written
)
events = RabbitExchange(settings.events, declare=False)
sessions: list[aiohttp.ClientSession] = []


@asynccontextmanager
async def lifespan() -> AsyncIterator[None]:
    """Keep the connections to the provider."""
    connector = aiohttp.TCPConnector(limit=settings.calls)
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        sessions.append(session)
        yield


app = FastStream(broker, lifespan=lifespan)


@broker.subscriber(RabbitQueue(settings.queue, declare=False), ack_policy=AckPolicy.MANUAL)
async def apply(command: BenchCommand, message: RabbitMessage) -> None:
    """Do one command."""
    async with sessions[0].post(settings.url(command), data=settings.form(command)) as answer:
        require_success(answer.status, await answer.json())
    event = event_of(command)
    await broker.publish(
        event,
        exchange=events,
        routing_key=key_of(event),
        persist=True,
        mandatory=True,
        content_type=CONTENT_TYPE,
        message_id=event["id"],
        message_type=event["type"],
        correlation_id=event["correlationid"],
    )
    await message.ack()


if __name__ == "__main__":
    asyncio.run(app.run())
