"""One odd row in the provider's list keeps nobody from reading the others, and as much of it as can be is read too."""

import json
from collections.abc import Mapping

import pytest

from tests.unit.provider.answering import answer
from tests.unit.provider.rig import Rig
from worker.provider import parsing
from worker.provider.answers import expect_profile, expect_rows, expect_username

ADA = '{"username":"ada","city":"Ulm"}'
MOST_DIGITS = 4_300


def fields(*entries: str) -> list[Mapping[str, str]]:
    """What is read of a list of these entries."""
    return [row.fields for row in expect_rows(answer(f"[{','.join(entries)}]"))]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("7", "7"),
        ("-0", "-0"),
        ("1.50", "1.50"),
        ("1E400", "1E400"),
        ("9" * (MOST_DIGITS + 1), "9" * (MOST_DIGITS + 1)),
        ("NaN", "NaN"),
        ("true", "true"),
        ("false", "false"),
        ("null", ""),
        ('"\\ud83d"', "\N{REPLACEMENT CHARACTER}"),
        ('"a\\ude00b"', "a\N{REPLACEMENT CHARACTER}b"),
        ('"\\ud83d\\ude00"', "\N{GRINNING FACE}"),
        ('"two\nlines"', "two\nlines"),
    ],
)
def test_a_value_that_should_be_a_text_becomes_one(value: str, text: str) -> None:
    odd = f'{{"username":"odd","zip":{value}}}'

    assert fields(ADA, odd) == [{"username": "ada", "city": "Ulm"}, {"username": "odd", "zip": text}]


@pytest.mark.parametrize("value", ["7", "12345678901234567890", "true"])
def test_a_name_that_should_be_a_text_becomes_one(value: str) -> None:
    [ada, odd] = expect_rows(answer(f'[{ADA},{{"username":{value}}}]'))

    assert (ada.username, odd.username) == ("ada", value)


@pytest.mark.parametrize("value", ['{"street":"A"}', '["a"]', "[]", "{}", '{"a":{"b":[1,{"c":null}]}}'], ids=str)
def test_what_is_no_single_value_is_left_out(value: str) -> None:
    assert fields(f'{{"username":"ada","address":{value},"city":"Ulm"}}') == [{"username": "ada", "city": "Ulm"}]


@pytest.mark.parametrize(
    "entry",
    [
        "null",
        '"bob"',
        "7",
        "true",
        "[]",
        "{}",
        '{"username":null}',
        '{"username":["bob"]}',
        '{"email":"b@example.com"}',
    ],
)
def test_a_row_that_names_nobody_stays_in_the_list_without_a_name(entry: str) -> None:
    rows = expect_rows(answer(f"[{entry},{ADA}]"))

    assert [row.username for row in rows] == ["", "ada"]


def test_a_key_with_two_values_says_nothing_and_one_that_is_there_twice_says_what_it_says() -> None:
    twice = '{"username":"ada","city":"Ulm","city":"Bonn","zip":"1","zip":"1"}'

    assert fields(twice, '{"username":"ada","username":"bob"}') == [{"username": "ada", "zip": "1"}, {}]


#: Where a key that is there twice may hide: behind blanks, escapes, and texts that hold what stands around a key.
TWICE = [
    '"city":"Ulm","city":"Bonn"',
    '"city":"Ulm","city" :"Bonn"',
    '"city" \t:"Ulm","city"\n\r :"Bonn"',
    '"city":"Ulm","cit\\u0079":"Bonn"',
    '"city":"Ulm","city":"\\u003a"',
    '"city":":","city":"\\":"',
    '"city":7,"city":8',
    '"city":null,"city":true',
]


@pytest.mark.parametrize("twice", TWICE)
def test_a_key_with_two_values_is_seen_wherever_it_hides(twice: str) -> None:
    assert fields(ADA, f'{{"username":"odd",{twice}}}', ADA) == [
        {"username": "ada", "city": "Ulm"},
        {"username": "odd"},
        {"username": "ada", "city": "Ulm"},
    ]


@pytest.mark.parametrize(
    "text", ['"', ":", '":', '\\":', '" :', '{"city":"Bonn"}', "", "-0", ":-0", "\u2028x", "\u2028"]
)
@pytest.mark.parametrize("blank", ["", " ", "\n"])
def test_a_text_is_read_as_it_is_whatever_it_holds(text: str, blank: str) -> None:
    row = {"username": "odd", "city": text, "zip": 7}

    assert fields(json.dumps(row, separators=(",", f"{blank}:{blank}"))) == [
        {"username": "odd", "city": text, "zip": "7"}
    ]


def test_a_list_without_anything_odd_is_not_read_the_slow_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "_leniently", None)
    row = '{"username": "ada", "url": "http://a", "since": "2020-01-02 10:11:12", "id": 7, "on": true, "x": null}'

    assert len(fields(*[row] * 3)) == 3


def test_a_byte_that_is_no_utf_8_spoils_its_own_row_alone() -> None:
    body = '[{"username":"zoë","city":"Köln"},{"username":"X"}]'.encode().replace(b"X", "zoë".encode("latin-1"))

    assert [row.username for row in expect_rows(answer(body))] == ["zoë", "zo\N{REPLACEMENT CHARACTER}"]


@pytest.mark.parametrize("name", [b"zo\xeb@example.com", b"\\ud83d@example.com", b"zo\\udceb@example.com", b"zo\xc3"])
def test_a_name_that_could_not_be_read_as_it_is_names_nobody(name: bytes) -> None:
    body = b'[{"username":"' + name + b'","city":"Ulm"},' + ADA.encode() + b"]"

    assert [row.names_nobody for row in expect_rows(answer(body))] == [True, False]


def test_the_mark_of_utf_8_before_a_list_is_passed_over() -> None:
    assert [row.username for row in expect_rows(answer(b"\xef\xbb\xbf" + f"[{ADA}]".encode()))] == ["ada"]


def test_a_customer_is_found_beside_odd_rows_and_every_row_is_given_once() -> None:
    rig = Rig()
    odd = ["null", "null", '{"username":null,"id":1}', '{"username":null,"id":2}', '{"username":7}']
    page = f"[{','.join([*odd, ADA])}]".encode()
    rig.answer(page, b"[" + ADA.encode() + b"]", page, b"[" + ADA.encode() + b"]")

    rows = list(rig.client.search({}))
    found = rig.client.find("ada")

    assert [row.username for row in rows] == ["", "", "", "7", "ada"]
    assert found is not None
    assert found.fields["city"] == "Ulm"


def test_numbers_in_a_profile_are_the_texts_that_were_sent() -> None:
    shown = {"zip": 89073, "address2": None, "city": " Zu\u0308rich ", "last_name": "O&#39;Brien"}
    sent = {"zip": "89073", "address2": "", "city": "Zürich", "last_name": "O'Brien"}

    expect_profile(answer(json.dumps(shown)), sent)


def test_a_number_as_the_name_of_a_v3_user_is_its_text() -> None:
    assert expect_username(answer('{"username":12345,"user_id":1}')) == "12345"
