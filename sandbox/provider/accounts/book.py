"""The state file: a line of JSON for each call that changed something, on disk before the call is answered."""

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from sandbox.provider.accounts.changes import FORMAT, Change, ChangedAccount, Header, change_of, whole
from sandbox.provider.accounts.records import Record
from sandbox.provider.accounts.seal import Seal, new_key
from sandbox.provider.accounts.seed import Seed, open_accounts
from sandbox.provider.accounts.state import Accounts

_Parsed = TypeVar("_Parsed", bound=BaseModel)
_Done = TypeVar("_Done")

_OWNER_ONLY: Final = 0o600
# How every header begins, also one that a crash cut short.
_BEGINNING: Final = f'{{"format":"{FORMAT}"'.encode()


class StateFileError(Exception):
    """The state file cannot be used; the message says which file, why, and what to do."""


@contextmanager
def opened(path: Path) -> Iterator["Book"]:
    """The book in that file, which is made if there is none, and nobody else's while the block lasts.

    Only its owner may read the file: the key in it makes digests comparable. Raises StateFileError.
    """
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, _OWNER_ONLY)
    except OSError as exc:
        raise StateFileError(f"The state file {path} cannot be opened: {exc.strerror}. Choose another.") from exc
    try:
        yield Book(path, file)
    finally:
        os.close(file)


class Book:
    """One open state file. Every method may raise StateFileError; after that the file says less than the books do."""

    def __init__(self, path: Path, file: int) -> None:
        self._path = path
        self._file = file
        self._pending: list[Change] = []
        self._failure: StateFileError | None = None
        self._lock()
        lines = self._lines()
        if lines:
            header = self._parse(Header, lines[0], 1)
        else:
            header = Header(key=new_key().hex())
            self._append(header)
        self._header = header
        # A last line without its end was never answered for: whoever made that call has to ask what became of it.
        self._kept = [self._parse(ChangedAccount, text, number) for number, text in enumerate(lines[1:], start=2)]
        self._guarded(lambda: os.fchmod(file, _OWNER_ONLY))
        self.seal = Seal(bytes.fromhex(header.key))

    def recall(self, seed: Seed) -> Accounts:
        """The books as the file has them, or those of the seed when it has none yet. Logins are always the seed's."""
        if not self._kept:
            return self.begin_again(seed)
        accounts = open_accounts(seed.model_copy(update={"customers": ()}), self.seal)
        for number, line in enumerate(self._kept, start=2):
            self._replay(line, accounts, number)
        self._kept.clear()
        self._refuse_strays(accounts)
        accounts.watch(self._note)
        return accounts

    def begin_again(self, seed: Seed) -> Accounts:
        """The books of the seed, and nothing else in the file; its key stays, so that digests still compare."""
        accounts = open_accounts(seed, self.seal)
        self._pending.clear()
        self._guarded(lambda: os.ftruncate(self._file, 0))
        self._append(self._header)
        self._append(whole(accounts))
        accounts.watch(self._note)
        return accounts

    def keep(self, accounts: Accounts) -> None:
        """Writes down what has changed since the last time; returns when the disk has it."""
        if self._pending:
            line = ChangedAccount(version=accounts.version, changes=tuple(self._pending))
            self._pending.clear()
            self._append(line)

    def _note(self, record: Record, *, is_gone: bool) -> None:
        self._pending.append(change_of(record, is_gone=is_gone))

    def _lock(self) -> None:
        """Two writers would each leave the other's calls out."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            raise StateFileError(
                f"The state file {self._path} is used by another sandbox. Stop that one, or choose another file."
            ) from exc

    def _lines(self) -> list[bytes]:
        """The whole lines of the file; what a crash left of a further one is cut off, once the file is known as ours.

        A file without a whole line is new, or is the beginning of one of ours: a key without state is nothing to keep.
        """
        found = self._guarded(self._read)
        *lines, rest = found.split(b"\n")
        start = found[: len(_BEGINNING)]
        if start != _BEGINNING[: len(start)]:
            raise self._foreign("it does not begin as one")
        if rest:
            self._guarded(lambda: os.ftruncate(self._file, len(found) - len(rest)))
        return lines

    def _parse(self, model: type[_Parsed], text: bytes, number: int) -> _Parsed:
        try:
            return model.model_validate_json(text)
        except ValidationError as exc:
            raise self._foreign(f"line {number} cannot be read ({exc.errors()[0]['msg']})") from exc

    def _replay(self, line: ChangedAccount, accounts: Accounts, number: int) -> None:
        try:
            for change in line.changes:
                change.apply(accounts)
        except LookupError as exc:
            raise self._foreign(f"line {number} takes away what no line before it has") from exc
        accounts.version = line.version

    def _refuse_strays(self, accounts: Accounts) -> None:
        """Customers of a login that is not configured could be neither seen nor changed."""
        logins = {reseller.api_user for reseller in accounts.resellers}
        strays = sorted({customer.reseller for customer in accounts.customers()} - logins)
        if strays:
            raise StateFileError(
                f"The state file {self._path} has customers of logins that are not configured: {', '.join(strays)}. "
                "Configure them, or choose another file."
            )

    def _append(self, line: BaseModel) -> None:
        """Writes one line to its end, on the disk itself."""
        text = line.model_dump_json().encode() + b"\n"
        self._guarded(lambda: self._write(text))

    def _write(self, text: bytes) -> None:
        if os.write(self._file, text) < len(text):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fdatasync(self._file)

    def _read(self) -> bytes:
        with os.fdopen(self._file, "rb", closefd=False) as file:
            return file.read()

    def _guarded(self, act: Callable[[], _Done]) -> _Done:
        """Does it, and translates its failure; from then on nothing is written behind what may be half a line."""
        if self._failure is not None:
            raise self._failure
        try:
            return act()
        except OSError as exc:
            self._failure = StateFileError(
                f"The state file {self._path} cannot be read or written: {exc.strerror}. "
                "The last changes are not in it; make room or choose another file, and start again."
            )
            raise self._failure from exc

    def _foreign(self, why: str) -> StateFileError:
        return StateFileError(
            f"{self._path} is no state file of this sandbox: {why}. It was left as it is; choose another file."
        )
