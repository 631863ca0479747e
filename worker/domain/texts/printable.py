"""Makes texts of others safe to print: nothing in them steers a terminal, hides, turns round, or begins a line."""

import re

#: Characters that draw nothing, though Unicode counts them among what can be printed.
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")


def visible(text: str) -> str:
    """The text on one line, with whatever cannot be seen as the escape that Python writes for it.

    Controls, line breaks, tabs, marks of direction, zero-width and tag characters, spaces other than the common one,
    and lone surrogates, which could not be written at all.
    """
    if text.isprintable() and not _BLANK.search(text):
        return text
    return "".join(map(_shown, text))


def _shown(character: str) -> str:
    if character.isprintable() and not _BLANK.match(character):
        return character
    return character.encode("unicode_escape").decode("ascii")
