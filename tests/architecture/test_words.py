"""One name for each thing: CONTRIBUTING's glossary is what the code says, and no word that was given up comes back."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.rendering import ROOT
from tests.architecture.test_conventions import lines, modules, tree
from worker.ledger.schema import metadata

LEAST_WORDS = 30
ROOMS = ("messages", "worker", "sandbox", "bench", "tests", "scripts", "examples")
#: A row of the glossary: the word, one sentence, and the module where it lives.
ROW = re.compile(r"^\| (?P<word>[a-z -]+) \| [^|]+\. \| `(?P<module>(messages|worker)/[\w/]+\.py)` \|$")
#: Words that name nothing any more, with what is said instead.
GIVEN_UP = {
    **dict.fromkeys(("tell", "tells", "telling", "told", "untold"), "publish, report, say or answer"),
    **dict.fromkeys(("letter", "letters"), "dead letter, or character"),
    "tries": "attempts",
    **dict.fromkeys(("story", "stories"), "record"),
    **dict.fromkeys(("family", "families"), "kind"),
    "weather": "outage",
    **dict.fromkeys(("house", "houses", "town", "towns"), "installation, or rig"),
    **dict.fromkeys(("desk", "desks"), "broker client, or rig"),
    **dict.fromkeys(("ear", "ears"), "listener"),
    **dict.fromkeys(("scene", "scenes"), "experiment"),
    **dict.fromkeys(("road", "roads"), "link"),
    **dict.fromkeys(("heard", "unheard"), "received, emitted or discarded"),
    **dict.fromkeys(("lot", "yard"), "parking store"),
    **dict.fromkeys(("knock", "knocks", "knocking"), "probe"),
    **dict.fromkeys(("util", "utils", "helper", "helpers", "manager"), "what it does"),
}
#: Words of sentences that name nothing: in identifiers alone.
NO_NAMES = {"said": "logged, reported or what it is"}
#: Names of libraries' making, a rule that `doctor` prints, and the ledger's schema, which keeps its first names.
FOREIGN = {
    "EVENTS_HEARD",
    *("util", "utils", "io_services_utils", "AbstractContextManager", "CallbackManager", "proxy_manager_for"),
    *("address_family", "family", "CounterMetricFamily", "text_string_to_metric_families", "tell"),
}
FOREIGN |= {name for table in metadata.tables.values() for name in (table.name, *table.columns.keys())}
DEAD_LETTER = re.compile(r"dead[ _-]letters?", re.IGNORECASE)
#: To try is a verb, a try is an attempt.
NOUN = re.compile(
    r"\b(?:an?|the|this|each|every|earlier|last|next|one|failed|first|second|another|further) (try|tries)\b"
)
DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef

Place = tuple[int, str]


def split(identifier: str) -> list[str]:
    """An identifier's words, in lower case."""
    return [part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", identifier)]


def tokens(path: Path, kind: int) -> Iterator[Place]:
    """Every name of a module's code, or every comment, with its line."""
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
        if token.type == kind:
            yield token.start[0], token.string


def docstrings(path: Path) -> Iterator[Place]:
    """Every line of a module's docstrings."""
    for node in ast.walk(tree(path)):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node) is not None:
            docstring = node.body[0]
            numbers = range(docstring.lineno, (docstring.end_lineno or 0) + 1)
            yield from zip(numbers, lines(path)[docstring.lineno - 1 :], strict=False)


def given_up_in_name(name: str) -> Iterator[str]:
    """The words of an identifier that were given up."""
    if name not in FOREIGN:
        plain = DEAD_LETTER.sub("", "_".join(split(name)))
        yield from (word for word in plain.split("_") if word in GIVEN_UP | NO_NAMES)


def given_up_in_prose(line: str) -> Iterator[str]:
    """The words of a line of prose that were given up."""
    plain = DEAD_LETTER.sub("", line).lower()
    yield from (word for word in re.findall(r"\b[a-z]+\b", plain) if word in GIVEN_UP and word != "tries")
    yield from ("tries" for _ in NOUN.finditer(plain))


def findings() -> Iterator[str]:
    """Each use of a word that was given up: file, line, and what to say instead."""
    # What a step of the schema was called stays: it is in ledgers. This module quotes the words.
    for path in (each for each in modules(*ROOMS) if "migrations" not in each.parts and each != Path(__file__)):
        place = path.relative_to(ROOT)
        named = [(1, part) for part in place.with_suffix("").parts] + list(tokens(path, tokenize.NAME))
        prose = [*docstrings(path), *tokens(path, tokenize.COMMENT)]
        found = [(at, word) for at, name in named for word in given_up_in_name(name)]
        found += [(at, word) for at, line in prose for word in given_up_in_prose(line)]
        yield from (f"{place}:{at}: not `{word}` but {(GIVEN_UP | NO_NAMES)[word]}" for at, word in sorted(set(found)))


def glossary() -> dict[str, Path]:
    """The glossary's words, each with the module where it lives."""
    rows = map(ROW.match, lines(ROOT / "CONTRIBUTING.md"))
    return {row["word"]: ROOT / row["module"] for row in rows if row}


def test_no_word_that_was_given_up_comes_back() -> None:
    assert list(findings()) == []


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("dead_letters", []),
        ("_dead_letter_of", []),
        ("letter_of", ["letter"]),
        ("TOLD", ["told"]),
        ("TheFamily", ["family"]),
    ],
)
def test_words_are_found_in_identifiers(name: str, found: list[str]) -> None:
    assert list(given_up_in_name(name)) == found


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("A dead letter that is told.", ["told"]),
        ("It tries again.", []),
        ("Each try costs.", ["tries"]),
        ("a letter", ["letter"]),
    ],
)
def test_words_are_found_in_sentences(line: str, found: list[str]) -> None:
    assert list(given_up_in_prose(line)) == found


def test_the_glossary_has_its_words_each_once_and_in_order() -> None:
    words = list(glossary())

    assert len(words) >= LEAST_WORDS
    assert words == sorted(set(words))


@pytest.mark.parametrize("word", glossary())
def test_each_word_of_the_glossary_is_a_name_in_the_module_where_it_lives(word: str) -> None:
    module = glossary()[word]
    assert module.is_file(), f"{module.relative_to(ROOT)} does not exist"

    # Any ending will do: confirms, dead_letters, retried.
    sought = re.compile(r"(?:^|_)" + word.replace(" ", "_").removesuffix("y"))
    names = {module.stem, *(name for _, name in tokens(module, tokenize.NAME))}
    assert [name for name in names if sought.search("_".join(split(name)))], f"no name in {module} says {word!r}"
