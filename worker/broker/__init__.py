"""The message broker, behind the worker's own ports: the only room that knows pika.

Two connections, each on a thread of its own: `Consumer` (also the Settlement port) and `Publisher` (the EventPublisher
port). Both keep dialling until they are stopped, look at the topology on every new connection, and report what happens
to them (`domain/telemetry.py`). `inspect_topology` is for a person's one-shot question.

A delivery passes `connection/wire.py` and `codec.py` (frames), `connection/loop.py` (the thread) and
`consume/consumer.py`; an event passes `publish/publisher.py`, `publish/confirms.py`, and the same connection. No
message passes anything else here.
"""
