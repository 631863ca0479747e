"""How customers stand in the log's texts: as others wrote them, or as hashes that still keep them apart."""

import re
import traceback
from collections.abc import Callable, Iterator

from messages.envelope import Envelope
from worker.domain.texts.redaction import replaced, scrubbed, without_secrets_of
from worker.domain.work import Requested, Work

#: How one customer reference is written.
Writer = Callable[[str | None], str | None]

#: What says nothing of a single customer, and would take the sense out of many a refusal.
_OF_NOBODY = frozenset({"package", "country", "state"})
_SHORTEST_NAME = 3
_ANYBODY = "cus_1"
#: Of each end of a traceback. A value that it quotes may be as long as a message.
_KEPT_CHARACTERS = 8_000
#: A secret that a cut goes through is not known as one any more: longer than any, escapes and all.
_MARGIN_CHARACTERS = 4_000
#: Of whomever: a provider may name another customer than the command does. Only tried where a word begins: from each
#: of its characters, a long word without an `@` would take hours.
_ADDRESS = re.compile(r"(?<![^\s@'\"<>()\[\]{},;:=])[^\s@'\"<>()\[\]{},;:=]+@[^\s@'\"<>()\[\]{},;:=]+")


def names_customers(write: Writer) -> bool:
    """Whether customers stand in the log as others wrote them."""
    return write(_ANYBODY) == _ANYBODY


def wording(write: Writer) -> Callable[[Work, str], str]:
    """Return the function that masks secrets and customers in a text about a unit of work, for the log.

    Whatever the command says of its customers is written as its subject is, and so is every address of anybody.
    """
    if names_customers(write):
        return lambda _work, text: text
    return lambda work, text: _without_customers(work, text, write)


def crash_words(work: Work, error: BaseException) -> str:
    """The traceback of a fault of ours, without the command's secrets: its last line may quote a value.

    Of a long one its beginning and its end.
    """
    words, most = "".join(traceback.format_exception(error)).rstrip("\n"), _KEPT_CHARACTERS + _MARGIN_CHARACTERS
    if len(words) <= 2 * most:
        return _without_secrets(work, words)
    first = _without_secrets(work, words[:most])[:-_MARGIN_CHARACTERS]
    last = _without_secrets(work, words[-most:])[_MARGIN_CHARACTERS:]
    return f"{first}\n... much is left out here ...\n{last}"


def _without_secrets(work: Work, words: str) -> str:
    content = work.content
    if isinstance(content, Requested):
        return scrubbed(words, content.envelope.data.secrets())
    return without_secrets_of(work.delivery.body, words)


def _without_customers(work: Work, text: str, write: Writer) -> str:
    written = {name: str(write(name)) for name in _names(work)}
    return _ADDRESS.sub(lambda found: str(write(found[0])), replaced(text, written, whole_words=True))


def _names(work: Work) -> Iterator[str]:
    content = work.content
    named = content.envelope if isinstance(content, Requested) else content.name
    texts = [named.subject] if named else []
    if isinstance(named, Envelope):
        texts += [value for name, value in named.data if isinstance(value, str) and name not in _OF_NOBODY]
    elif named:
        texts.append(named.username)
    return (each for each in texts if each and len(each) >= _SHORTEST_NAME)
