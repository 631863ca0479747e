"""Spellings of one name are one name where order is concerned, and nowhere else."""

import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.domain.texts.comparison import ordering_name

ALIKE = [
    ("Ada@Example.COM", "ada@example.com"),
    (" ada@example.com\u00a0", "ada@example.com"),
    ("zoe\u0308@example.com", "zo\u00eb@example.com"),
    ("ZO\u00cb@example.com", "zo\u00eb@example.com"),
    ("\uff41\uff44\uff41\uff20example\uff0ecom", "ada@example.com"),
    ("ada@example\u3002com", "ada@example.com"),
    ("\ufb01ona", "fiona"),
    ("stra\u00dfe", "STRASSE"),
    ("\u03c3\u03c2", "\u03a3\u03a3"),
    ("d\u0131lara", "DILARA"),
    ("\u0130rem", "irem"),
    ("\u01d5", "\u00fc\u0304"),
    ("ad\u200ba@example.com", "ada@example.com"),
    ("a\u00adda", "ada"),
    ("\ufeffada", "ada"),
    ("ada\u2060\ufe0f", "ada"),
    ("ada\U000e0041\u3164\u115f", "ada"),
    ("\u202eada", "ada"),
    ("ada@xn--bcher-kva.example", "ada@B\u00dcCHER.example"),
    ("ada@xn--bcher-2pa.example", "ada@b\u00fccher.example"),
    ("zo\u00eb\u0081@example.com", "zo\u00eb@example.com"),
    ("ada@XN--BCHER-KVA.example", "ada@bu\u0308cher.example"),
    ("o&#39;neil@example.com", "O'Neil@example.com"),
    ("&quot;a&amp;b&quot;@example.com", '"A&b"@example.com'),
    ("account-id 7", "ACCOUNT-ID 7 "),
    ("account-id A\u200d7", "account-id a7"),
]
APART = [
    ("ada", "eve"),
    ("ada@example.com", "ada@example.org"),
    ("zoe", "zo\u00eb"),
    ("cus_1", "cus_11"),
    ("a b", "ab"),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_spellings_of_one_name_are_one(one: str, other: str) -> None:
    assert ordering_name(one) == ordering_name(other)


@pytest.mark.parametrize(("one", "other"), APART)
def test_other_names_stay_others(one: str, other: str) -> None:
    assert ordering_name(one) != ordering_name(other)


@settings(deadline=None, max_examples=200)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=12))
def test_names_that_were_one_when_lower_cased_are_one_still(name: str) -> None:
    assert ordering_name(name) == ordering_name(name.lower()) == ordering_name(ordering_name(name))
    assert ordering_name(name) == ordering_name(unicodedata.normalize("NFD", name)) == ordering_name(f" {name}\u200b")


def test_the_name_that_grows_the_most_is_a_key_that_an_index_holds() -> None:
    name = "\ufdfa" * 85

    assert len(f"subject:{ordering_name(name)}".encode()) < 1_100


@pytest.mark.parametrize("label", ["xn--\u00fc", "xn--99999999", "xn--a-zzzzzzzzzz"])
def test_a_label_that_decodes_to_nothing_good_is_still_a_name(label: str) -> None:
    assert ordering_name(f"ada@{label}.com").encode()


def test_half_of_a_surrogate_pair_is_no_name_of_a_lane() -> None:
    label = "\ud800".encode("punycode").decode()

    assert ordering_name(f"ada@xn--{label}.com") == "ada@?.com"


def test_a_name_of_nothing_visible_is_a_name_too() -> None:
    assert ordering_name("\u200b\u00ad ") == ""


def test_no_module_is_loaded_by_the_first_name_that_needs_it() -> None:
    read = "import sys; from worker.domain.texts.comparison import ordering_name; before = set(sys.modules)"
    use = "ordering_name('ada@xn--bcher-kva.de'); print(sorted(set(sys.modules) - before))"

    program = [sys.executable, "-c", f"{read}; {use}"]
    ended = subprocess.run(program, capture_output=True, text=True, check=True)  # noqa: S603 - our own words

    assert ended.stdout.strip() == "[]"
