"""Byte order marks: editors, PowerShell and middleboxes put them before texts, and they are no part of what is said."""

import codecs
from pathlib import Path

UTF8 = codecs.BOM_UTF8
#: UTF-32's begins as one of UTF-16's does, so it is looked for first. An encoding's name would be loaded when it is
#: first used, and a process that is out of files can load nothing.
_WIDE = {
    codecs.BOM_UTF32_LE: codecs.utf_32_decode,
    codecs.BOM_UTF32_BE: codecs.utf_32_decode,
    codecs.BOM_UTF16_LE: codecs.utf_16_decode,
    codecs.BOM_UTF16_BE: codecs.utf_16_decode,
}
MARKS = (UTF8, *_WIDE)


def unmarked(text: bytes) -> bytes:
    """Return the text in UTF-8 and without its mark; one that has none is returned as it is.

    Raises UnicodeDecodeError when it is not in the encoding that its mark names.
    """
    if not text.startswith(MARKS):
        return text
    for mark, decode in _WIDE.items():
        if text.startswith(mark):
            text = decode(text, "strict", True)[0].encode()  # noqa: FBT003 - positional: nothing more is to come
            break
    # What was put together of several files may have several.
    begin = 0
    while text.startswith(UTF8, begin):
        begin += len(UTF8)
    return text[begin:]


def text_of(path: Path) -> str:
    r"""Return what a file says, without its mark and with `\n` for its line breaks.

    Raises OSError, and UnicodeDecodeError when it is not UTF-8.
    """
    # What is in UTF-16 is refused: a setting or a key is written by hand, and can be saved again.
    text = path.read_bytes().decode().lstrip("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n")
