"""The threads of this process."""

import threading


def running_threads() -> set[threading.Thread]:
    """All that run, without timers: pika looks a broker's name up on one, which is gone a moment later."""
    return {thread for thread in threading.enumerate() if not isinstance(thread, threading.Timer)}
