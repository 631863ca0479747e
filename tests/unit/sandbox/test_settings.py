"""Switches as they are typed."""

from datetime import date

import pytest

from sandbox.provider.settings import (
    Filter,
    RowExtra,
    SandboxConfig,
    SwitchError,
    Switches,
    parse_switches,
    values_of,
)


def test_no_word_means_every_default() -> None:
    assert parse_switches([]) == Switches()


def test_words_become_switches() -> None:
    typed = ["filter=exact", "disable_alias=off", "row_extra=id,address2", "page_size=50", "today=2011-02-28"]

    assert parse_switches(typed) == Switches(
        filter=Filter.EXACT,
        disable_alias=False,
        row_extra=frozenset({RowExtra.ID, RowExtra.ADDRESS2}),
        page_size=50,
        today=date(2011, 2, 28),
    )


def test_no_extra_fields_can_be_typed_as_none() -> None:
    assert parse_switches(["row_extra=none"]) == Switches()


@pytest.mark.parametrize("word", ["filters=exact", "filter"])
def test_an_unknown_switch_is_refused_with_the_nearest_name(word: str) -> None:
    with pytest.raises(SwitchError, match=r"filter"):
        parse_switches([word])


def test_a_wrong_value_is_refused_with_the_values_there_are() -> None:
    with pytest.raises(SwitchError, match=r"filter cannot be 'fuzzy'.*substring"):
        parse_switches(["filter=fuzzy"])


def test_a_configuration_shows_no_key() -> None:
    assert "demo-key" not in repr(SandboxConfig())


@pytest.mark.parametrize("name", Switches.model_fields)
def test_every_value_that_is_reported_can_be_typed_and_the_default_comes_first(name: str) -> None:
    values = values_of(name).replace("NUMBER", "100").replace("SECONDS", "60").replace("YYYY-mm-dd", "2026-11-21")

    for value in values.split("|"):
        parse_switches([f"{name}={value}"])
    if "|" in values:
        assert parse_switches([f"{name}={values.partition('|')[0]}"]) == Switches()
