"""Answers in XML mean what the same answers mean in JSON, in whatever encoding they declare; and they cannot harm."""

import tracemalloc

import pytest

from tests.unit.provider.answering import answer, failure
from worker.errors import OutcomeUnknown, Rejected, Throttled, Unauthorized
from worker.provider.answers import expect_rows, expect_success
from worker.provider.parsing import MAX_XML_BYTES

DECLARED = '<?xml version="1.0" encoding="ISO-8859-1"?>'
SUCCESS = "<result><message>success</message></result>"
BOMB = (
    "<!DOCTYPE result ["
    '<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {name} "{f"&{of};" * 10}">' for of, name in zip("abcdefgh", "bcdefghi", strict=True))
    + "]><result><message>&i;</message></result>"
)


def errors(*texts: str) -> str:
    entries = "".join(f"<error>{text}</error>" for text in texts)
    return f"<result><message>error</message><errors>{entries}</errors></result>"


@pytest.mark.parametrize(
    "body",
    [
        f"{DECLARED}{SUCCESS}",
        SUCCESS,
        f"{DECLARED}\n<result>\n  <message>success</message>\n</result>\n",
        f"\n{DECLARED}{SUCCESS}",
        f'\ufeff<?xml version="1.0" encoding="UTF-8"?>{SUCCESS}',
        "<result><message><![CDATA[success]]></message></result>",
        "<result><message>succ&#101;ss</message></result>",
        '<result xmlns:x="urn:x" x:y="z"><message>success</message></result>',
        f'<?xml version="1.0" encoding="UTF-16"?>{SUCCESS}'.encode("utf-16"),
        f"\ufeff{DECLARED}{SUCCESS}",
        f"\n\ufeff\ufeff\n{DECLARED}{SUCCESS}",
        f"{DECLARED}{SUCCESS}".encode("utf-16"),
        f"\ufeff{DECLARED}{SUCCESS}".encode("utf-16-be"),
        f"{DECLARED}{SUCCESS}".encode("utf-32"),
    ],
)
def test_success_is_what_says_so(body: str | bytes) -> None:
    expect_success(answer(body))


@pytest.mark.parametrize("status", [200, 400, 404])
@pytest.mark.parametrize(
    ("body", "texts"),
    [
        (errors("package unknown", "zip missing"), ("package unknown", "zip missing")),
        (f"{DECLARED}{errors('a &lt;b&gt; &amp; &quot;c&quot;')}", ('a <b> & "c"',)),
        ("<result><message>User not found</message></result>", ("User not found",)),
        ("<error><code>400</code><message>User does not exist</message></error>", ("User does not exist",)),
        ("<result><code>400</code><message>User does not exist</message></result>", ("User does not exist",)),
        ("<error>no such thing</error>", ("no such thing",)),
        ("<errors><error><field/><message>invalid username</message></error></errors>", ("invalid username",)),
        (
            "<error><code>401</code><message>Permission denied, not authorized</message></error>",
            ("Permission denied, not authorized",),
        ),
        ("<result><message>error</message><errors/></result>", ("error",)),
        ("<result><message>\n  User not found\n</message></result>", ("User not found",)),
    ],
)
def test_an_error_in_any_of_its_shapes_is_a_refusal(body: str, texts: tuple[str, ...], status: int) -> None:
    refused = failure(body, status)

    assert type(refused) is Rejected
    assert refused.errors == texts


@pytest.mark.parametrize(
    ("declared", "encoding"), [("ISO-8859-1", "latin-1"), ("UTF-8", "utf-8"), ("windows-1252", "cp1252")]
)
def test_the_declared_encoding_is_read(declared: str, encoding: str) -> None:
    text = "Zoë Müller"
    body = f'<?xml version="1.0" encoding="{declared}"?>{errors(text)}'.encode(encoding)

    assert failure(body).errors == (text,)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_behind_a_mark_utf_8_is_read_or_what_is_declared(encoding: str) -> None:
    body = b"\xef\xbb\xbf" + f"{DECLARED}{errors('Zoë')}".encode(encoding)

    assert failure(body).errors == ("Zoë",)


def test_characters_beyond_the_encoding_come_as_numbers() -> None:
    body = f"{DECLARED}{errors('&#321;ukasz Zoë &#x1F600;')}".encode("latin-1")

    assert failure(body).errors == ("Łukasz Zoë 😀",)


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ("<error><code>401</code><message>Permission denied, wrong credentials</message></error>", 200, Unauthorized),
        (errors("Permission denied, wrong credentials"), 200, Unauthorized),
        (errors("too many requests"), 200, Throttled),
        (errors("no"), 429, Throttled),
        (errors("no"), 401, Unauthorized),
        (errors("no"), 500, OutcomeUnknown),
        (SUCCESS, 502, OutcomeUnknown),
        (SUCCESS, 307, OutcomeUnknown),
    ],
)
def test_status_and_words_count_as_they_do_in_json(body: str, status: int, kind: type[Exception]) -> None:
    assert type(failure(body, status)) is kind


@pytest.mark.parametrize(
    "body",
    [
        "<result>success</result>",
        "<result><message>Success</message></result>",
        "<result><message> success </message></result>",
        "<result><message>success</message><message>error</message></result>",
        "<result><message>succ<b/>ess</message></result>",
        "<result><message>success</message><errors><error>it did not work</error></errors></result>",
        "<message>success</message>",
        "<users/>",
        "<html><body><result><message>success</message></result></body></html>",
        "<result><message>success</message></res",
        "<result><message>success</message>",
        "<result/>",
        "<",
        '<?xml version="1.0" encoding="no-such-encoding"?><result><message>success</message></result>',
        '<?xml version="1.0" encoding="hex"?><result><message>success</message></result>',
        '<?xml version="1.0" encoding="utf-32"?><result><message>success</message></result>',
        b'<?xml version="1.0" encoding="UTF-8"?><result><message>Zo\xeb</message></result>',
        "<!DOCTYPE result><result><message>success</message></result>",
        '<!DOCTYPE r [<!ENTITY e "success">]><result><message>&e;</message></result>',
        '<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/hostname">]><result><message>&e;</message></result>',
        '<!DOCTYPE r SYSTEM "http://127.0.0.1:1/r.dtd"><result><message>success</message></result>',
        BOMB,
        "<a>" * 5_000,
        f"<result><errors>{'<error>' * 5_000}x{'</error>' * 5_000}</errors></result>",
    ],
    ids=lambda body: repr(body)[:60],
)
def test_whatever_does_not_say_so_may_have_happened(body: str | bytes) -> None:
    assert type(failure(body)) is OutcomeUnknown


def test_what_could_swell_is_not_read() -> None:
    tracemalloc.start()
    try:
        failure(BOMB)
        failure(SUCCESS.replace("result>", "result>" + " " * MAX_XML_BYTES * 4, 1))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < MAX_XML_BYTES * 16


def test_a_list_in_xml_is_no_list() -> None:
    with pytest.raises(OutcomeUnknown):
        expect_rows(answer("<users/>"))
