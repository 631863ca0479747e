"""A worker killed in the middle of its commits has lost nothing that it was confirmed as written."""

from pathlib import Path

from tests.support.ledger_opening import opened, url_in
from tests.support.ledger_samples import asking, success
from tests.support.servers import Spoken, python_process
from worker.domain.claims import Done

_VICTIM = """
import os, sys, threading
from tests.support.ledger_opening import opened
from tests.support.ledger_samples import asking, success, token_of

def work(thread, ledger):
    for number in range(1_000_000):
        id_ = f"evt_{thread}_{number}"
        ledger.record(token_of(ledger.claim(asking(id_))), success(id_))
        os.write(1, (id_ + "\\n").encode())

with opened(sys.argv[1]) as ledger:
    threads = [threading.Thread(target=work, args=(thread, ledger)) for thread in range(16)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
"""


def acknowledged(victim: Spoken, enough: int) -> list[str]:
    """Listen until enough is acknowledged, kill, and listen to what was said before the end."""
    ids = [victim.next_line() for _ in range(enough)]
    victim.kill()
    while line := victim.next_line():
        ids.append(line)
    return ids


def test_what_was_acknowledged_before_a_kill_is_there_after_it(tmp_path: Path) -> None:
    for _ in range(3):
        with python_process(_VICTIM, url_in(tmp_path)) as victim:
            ids = acknowledged(victim, 500)

        with opened(url_in(tmp_path)) as ledger:
            assert [ledger.claim(asking(id_)) for id_ in ids] == [Done(success(id_).event) for id_ in ids]
        (tmp_path / "state" / "ledger.db").unlink()
