"""What one run is counted by: each promise that was broken, and how long the work stood still after the fault."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from sandbox.provider.journal import JournalEntry
from sandbox.provider.operations.registry import Effect
from tests.support.billing import ReceivedMessage
from tests.support.verdict import Accounts, Fault, Promise, broken_promises

_STUCK = "stuck.txt"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run. `broken` counts by promise; `resumed_seconds` is None when nothing was left to apply after the heal."""

    kind: str
    seed: str
    commands: int
    broken: Mapping[str, int]
    repeats: int
    resumed_seconds: float | None

    @property
    def sound(self) -> bool:
        """Whether every promise was kept."""
        return not any(self.broken.values())


def faults_in(accounts: Accounts, poison: AbstractSet[bytes]) -> list[Fault]:
    """Name what was broken; bodies that are no messages have their dead letters alone."""
    ours = [received for received in accounts.dead_letters if received.body not in poison]
    return [*broken_promises(replace(accounts, dead_letters=ours)), *_poison_faults(accounts.dead_letters, poison)]


def counted(faults: Sequence[Fault]) -> dict[str, int]:
    """Count them by promise; every promise has a number."""
    found = Counter(fault.promise for fault in faults)
    return {promise.value: found[promise] for promise in Promise}


def repeats_of(events: Sequence[ReceivedMessage]) -> int:
    """How many events were published once more."""
    return len(events) - len({received.properties.message_id for received in events})


def seconds_to_resume(journal: Sequence[JournalEntry], healed_at: float) -> float | None:
    """Seconds from the heal (monotonic) to the next change at the provider."""
    after = (entry.monotonic_seconds for entry in journal if entry.effect is Effect.CHANGED)
    first = next((moment for moment in after if moment >= healed_at), None)
    return None if first is None else first - healed_at


def write(outcome: Outcome, folder: Path) -> None:
    """Keep it for the table; each in a file of its own, since runs go side by side."""
    name = f"{outcome.kind}-{outcome.seed}.json".replace("/", "-")
    (folder / name).write_text(json.dumps(asdict(outcome)), encoding="utf-8")


def note_stuck(words: str, folder: Path) -> None:
    """Keep why a run did not come to its end: nothing is proven by it, in either direction."""
    with (folder / _STUCK).open("a", encoding="utf-8") as notes:
        notes.write(f"{words}\n")


def stuck(folder: Path) -> str:
    """Read which runs did not come to their end."""
    notes = folder / _STUCK
    return notes.read_text(encoding="utf-8") if notes.exists() else ""


def read_all(folder: Path) -> list[Outcome]:
    """Read what was kept."""
    return [Outcome(**json.loads(path.read_text(encoding="utf-8"))) for path in sorted(folder.glob("*.json"))]


def _poison_faults(dead_letters: Sequence[ReceivedMessage], poison: AbstractSet[bytes]) -> Iterator[Fault]:
    found: dict[bytes, set[str]] = {body: set() for body in poison}
    for received in dead_letters:
        if received.body in poison:
            found[received.body].add(str(received.headers["provisioning-dead-letter-id"]))
    for body, ids in found.items():
        if not ids:
            yield Fault(body.decode(), "-", "LOST: no dead letter holds it", Promise.KEPT)
        if len(ids) > 1:
            yield Fault(body.decode(), "-", f"has {len(ids)} dead letters", Promise.REPEAT)
