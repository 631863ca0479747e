"""What goes over the wire: characters, statuses, and calls that are none."""

import gzip
from urllib.parse import urlencode

import pytest

from tests.checks.rig import LIST, LOGIN, NEW, NOT_FOUND, OK, Provider, Reply

SET = {"method": "profile", "task": "set", "user": "a@x.com"}


@pytest.mark.parametrize(
    "name", ["Zoë", "Łukasz", "山田", "😀", "a & b <c> \"d\" 'e'", "1 / 2 \\ 3", "line\r\nline\tx"]
)
def test_c72_a_name_is_read_back_as_it_was_set_in_either_format(provider: Provider, name: str) -> None:
    assert provider.manage(**SET, first_name=name).content == OK

    assert provider.row("a@x.com")["first_name"] == name


def test_c72_xml_is_true_latin_1_with_references_for_the_rest(provider: Provider) -> None:
    provider.manage(**SET, first_name="Zoë", last_name="Łukasz")

    body = provider.manage(**LIST, username="a@x.com").body

    if provider.dialect.format == "xml":
        assert b"<first_name>Zo\xeb</first_name><last_name>&#321;ukasz</last_name>" in body
    else:
        assert b'"first_name":"Zo\\u00eb","last_name":"\\u0141ukasz"' in body


def test_c72_what_xml_cannot_hold_does_not_break_it(provider: Provider) -> None:
    provider.manage(**SET, first_name="a\x00b\x1fc\ufffed\uffff")

    first_name = provider.row("a@x.com")["first_name"]

    assert first_name == (
        "a\ufffdb\ufffdc\ufffdd\ufffd" if provider.dialect.format == "xml" else "a\x00b\x1fc\ufffed\uffff"
    )


def test_c72_bytes_that_are_no_utf_8_are_no_error(provider: Provider) -> None:
    body = f"{urlencode({**LOGIN, **SET})}&city=%FF+%C5%81".encode()

    assert provider.send("POST", provider.dialect.path("manage"), body).content == OK

    assert provider.row("a@x.com")["city"] == "\ufffd Ł"


def test_c72_slashes_are_escaped_as_recorded(provider: Provider) -> None:
    provider.manage(**SET, website="http://example.com/")

    body = provider.manage(**LIST, username="a@x.com").body

    expected = b"http:\\/\\/example.com\\/" if provider.dialect.format == "json" else b"http://example.com/"
    assert expected in body


ERRORS = [
    ("add", {}, 400),
    ("add", {**NEW, "username": "a@x.com"}, 400),
    ("add", {**NEW, "package": "Platinum"}, 400),
    ("delete", {"user": "nobody"}, 400),
    ("manage", {**LIST, "active": "perhaps"}, 400),
    ("manage", {"method": "enable"}, 400),
    ("manage", {"method": "enable", "user": "nobody"}, 404),
    ("manage", {"method": "website_disable", "user": "nobody"}, 404),
    ("manage", {**SET, "user": "nobody"}, 400),
    ("manage", {"method": "password", "user": "a@x.com"}, 400),
    ("manage", {"method": "profile", "task": "setUsername", "user": "a@x.com", "username": "b@x.com"}, 400),
    ("manage", {"method": "profile", "task": "setEmail", "user": "a@x.com", "email": "none"}, 400),
    ("manage", {**LIST, "api_key": "wrong"}, 401),
    ("manage", {"method": "profile", "task": "ge"}, 404),
    ("nonsense", {}, 404),
]


@pytest.mark.parametrize("unknown_user", ["unf", "nest", "flat"])
@pytest.mark.parametrize("auth_error", ["nest401", "errors", "html403"])
def test_c73_an_error_says_the_same_whatever_its_status(provider: Provider, unknown_user: str, auth_error: str) -> None:
    replies_of_each: list[list[Reply]] = []
    for status in ("200", "4xx"):
        provider.switch(error_status=status, unknown_user=unknown_user, auth_error=auth_error)
        replies_of_each.append([provider.post(action, **form) for action, form, _ in ERRORS])

    assert [answer.body for answer in replies_of_each[0]] == [answer.body for answer in replies_of_each[1]]
    assert not [answer for answer in replies_of_each[0] if answer.content == OK or isinstance(answer.content, list)]
    assert provider.version == 0


def test_c73_by_switch_an_error_has_a_status_that_fits(provider: Provider) -> None:
    always = [provider.post(action, **form).status for action, form, _ in ERRORS]
    provider.switch(error_status="4xx")
    fitting = [provider.post(action, **form).status for action, form, _ in ERRORS]

    assert always == [200] * (len(ERRORS) - 2) + [404, 404]
    assert fitting == [status for _, _, status in ERRORS]
    assert provider.v3("GET", "/v3/user/username", Authorization="Bearer SG.nobody").status == 401
    assert provider.post("add", **NEW).status == 200


def test_c73_by_switch_an_error_about_an_unknown_customer_has_no_nest(provider: Provider) -> None:
    provider.switch(unknown_user="flat")

    for form in ({"method": "website_enable"}, {"method": "profile", "task": "set"}):
        assert provider.manage(**form, user="nobody").content == {"code": 400, "message": "User does not exist"}


def test_c73_by_switch_refusals_quote_the_secrets_of_the_call(provider: Provider) -> None:
    call = {"method": "password", "user": "a@x.com", "password": "pä <1>", "confirm_password": "other"}
    careful = provider.manage(**call).errors
    provider.switch(echo="on")
    careless = provider.manage(**call).errors

    assert not [text for text in careful if "pä" in text]
    assert careless[: len(careful)] == careful
    for spelling in ("pä <1>", "p%C3%A4%20%3C1%3E", "p%C3%A4+%3C1%3E", "p\\u00e4 <1>", "pä &lt;1&gt;"):
        assert f"you sent password={spelling}" in careless
    assert "you sent api_key=wrong-key" in str(provider.manage(**call, api_key="wrong-key").content)
    assert "you sent api_key=SG.wrong" in str(
        provider.v3("GET", "/v3/user/username", Authorization="Bearer SG.wrong").content
    )


def test_c73_by_switch_every_answer_says_that_it_is_html(provider: Provider) -> None:
    own = [provider.post(action, **form) for action, form, _ in ERRORS]
    provider.switch(media_type="html")
    html = [provider.post(action, **form) for action, form, _ in ERRORS]

    assert {answer.headers["content-type"] for answer in html} == {"text/html"}
    assert {answer.headers["content-type"] for answer in own} == {f"application/{provider.dialect.format}"}
    assert [answer.body for answer in html] == [answer.body for answer in own]


def test_c72_by_switch_an_answer_is_compressed_for_who_accepts_it(provider: Provider) -> None:
    query = f"{provider.dialect.path('manage')}?{urlencode({**LOGIN, **LIST})}"
    plain = provider.send("GET", query, Accept_Encoding="gzip, deflate")
    provider.switch(gzip="on")
    packed = provider.send("GET", query, Accept_Encoding="gzip, deflate")

    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body == provider.send("GET", query, Accept_Encoding="identity").body


def test_c74_an_unknown_format_action_or_verb_has_no_effect(provider: Provider) -> None:
    edition = provider.dialect.prefix
    body = urlencode({**LOGIN, **NEW}).encode()
    nonsense = [
        ("POST", f"/{edition}.add.txt"),
        ("POST", f"/{edition}.add"),
        ("POST", f"/{edition}.create.json"),
        ("POST", f"/{edition.replace('/', '/x')}.add.json"),
        ("POST", "/api/reseller.add.json"),
        ("POST", "/"),
        ("POST", f"/{edition}.add.json/more"),
        *((verb, f"/{edition}.add.json") for verb in ("PUT", "PATCH", "DELETE")),
    ]

    for verb, path in nonsense:
        answer = provider.send(verb, path, body, Content_Type="application/x-www-form-urlencoded")
        assert (answer.status, answer.content) == (404, NOT_FOUND), (verb, path)
    assert provider.version == 0


def test_c74_the_newer_api_has_its_own_way_to_say_so(provider: Provider) -> None:
    for verb, path in [
        ("PUT", "/v3/user/profile"),
        ("POST", "/v3/user/profile"),
        ("GET", "/v3/user/nonsense"),
        ("PATCH", "/v3/user/username"),
    ]:
        answer = provider.v3(verb, path, {"city": "Z"})
        assert (answer.status, answer.content) == (404, {"errors": [{"field": None, "message": "not found"}]})

    assert provider.version == 0
