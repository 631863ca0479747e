"""How each saying looks over HTTP."""

import json
import xml.etree.ElementTree as ET
from http import HTTPStatus

import pytest

from sandbox.provider.operations.calls import Edition, Format
from sandbox.provider.operations.replies import (
    Flat,
    FlatHtml,
    Manner,
    Nested,
    Refused,
    Reply,
    Rows,
    SuccessReply,
    UserNotFound,
    V3Refused,
    render,
)
from sandbox.provider.settings import Switches

DECLARED = '<?xml version="1.0" encoding="ISO-8859-1"?>'
IN_JSON = Manner(Switches())
IN_XML = Manner(Switches(), format=Format.XML)
SECRET = "p<ä>/ &\"'\\"


@pytest.mark.parametrize(
    ("reply", "in_json", "in_xml"),
    [
        (SuccessReply(), '{"message":"success"}', "<result><message>success</message></result>"),
        (UserNotFound(), '{"message":"User not found"}', "<result><message>User not found</message></result>"),
        (
            Refused(("a", "b")),
            '{"message":"error","errors":["a","b"]}',
            "<result><message>error</message><errors><error>a</error><error>b</error></errors></result>",
        ),
        (
            Nested(HTTPStatus.BAD_REQUEST, "a & b"),
            '{"error":{"code":400,"message":"a & b"}}',
            "<error><code>400</code><message>a &amp; b</message></error>",
        ),
        (
            Rows(({"username": "a", "city": "<é/Ł>"},)),
            '[{"username":"a","city":"<\\u00e9\\/\\u0141>"}]',
            "<users><user><username>a</username><city>&lt;é/&#321;&gt;</city></user></users>",
        ),
        (
            Flat(HTTPStatus.BAD_REQUEST, "a"),
            '{"code":400,"message":"a"}',
            "<result><code>400</code><message>a</message></result>",
        ),
        (Rows(()), "[]", "<users/>"),
    ],
)
def test_a_saying_in_both_formats(reply: Reply, in_json: str, in_xml: str) -> None:
    as_json, as_xml = render(reply, IN_JSON), render(reply, IN_XML)

    assert (as_json.body, as_json.media_type) == (in_json.encode(), "application/json")
    assert (as_xml.body, as_xml.media_type) == ((DECLARED + in_xml).encode("iso-8859-1"), "application/xml")
    assert (as_json.kind, as_json.status) == (as_xml.kind, as_xml.status)


@pytest.mark.parametrize("format_", Format)
@pytest.mark.parametrize(
    "refusal",
    [Refused(("no",)), Nested(HTTPStatus.BAD_REQUEST, "no"), FlatHtml("no"), V3Refused(HTTPStatus(400), "no")],
)
def test_a_careless_provider_quotes_a_secret_in_every_spelling(refusal: Reply, format_: Format) -> None:
    secrets = (("password", SECRET), ("api_key", ""))
    careless = render(refusal, Manner(Switches(echo=True), Edition.RESELLER, format_, secrets))
    careful = render(refusal, Manner(Switches(), Edition.RESELLER, format_, secrets))

    texts = _texts(careless.body)
    for spelling in (SECRET, "p%3C%C3%A4%3E%2F%20%26%22%27%5C", "p&lt;ä&gt;/ &amp;&quot;&#39;\\", 'p<\\u00e4>/ &\\"'):
        assert spelling in texts
    assert "api_key" not in texts
    assert _texts(careful.body) == "no"


def test_a_careless_provider_has_nothing_to_quote_in_the_bare_object() -> None:
    manner = Manner(Switches(echo=True), secrets=(("password", SECRET),))

    assert render(UserNotFound(), manner).body == b'{"message":"User not found"}'


def _texts(body: bytes) -> str:
    """All that is said about the error, as a client reads it."""
    if body.startswith(b"<?xml"):
        root = ET.fromstring(body)  # noqa: S314 - our own
        return " ".join(node.text or "" for node in root.iter() if node.tag == "error" or root.tag == "error").strip(
            " 0123456789"
        )
    document = json.loads(body)
    found = document.get("errors") or [document["error"]]
    return " ".join(one if isinstance(one, str) else one["message"] for one in found)
