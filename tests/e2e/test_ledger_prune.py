"""A running worker forgets by itself what ended before its days to keep, and goes on working meanwhile."""

from cryptography.fernet import Fernet
from sqlalchemy import NullPool, create_engine

from tests.support.commands import create, new_username
from tests.support.installation import Installation
from tests.support.ledger_seeds import dead_command, old_command
from worker.ledger.maintenance import migrate_ledger

DONE = 0
LONG_AGO = 1_000_000.0


def test_a_worker_prunes_its_ledger_soon_after_its_start(own_installation: Installation) -> None:
    url = own_installation.settings["LEDGER__URL"]
    own_installation.settings["SECRETS__KEYS"] = Fernet.generate_key().decode()
    migrate_ledger(url)
    engine = create_engine(url, poolclass=NullPool)
    old_command(engine, "old", LONG_AGO)
    dead_command(engine, "dead letter open", LONG_AGO)
    old_command(engine, "unfinished", None)
    command = create(new_username())
    with own_installation.worker() as worker:
        own_installation.emitter.publish(command)
        own_installation.listener.await_event(command)
        logged = worker.await_logged("ledger_pruned")
        assert (logged["commands"], logged["refusals"]) == (1, 0)
        assert worker.metric("provisioning_ledger_seconds_count", operation="prune") > 0
        assert own_installation.type("explain", "old").returncode != DONE
        assert own_installation.type("explain", "dead letter open").returncode == DONE
        assert worker.terminate() == DONE
    own_installation.verdict([command])
