"""Everything that is wrong is named at once, by the names that people type, and never by its value."""

import os
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from tests.unit.settings.conftest import Export, Faults
from worker.errors import SettingsInvalid
from worker.settings import Settings, load, unknown_names
from worker.settings.loading import names
from worker.settings.model import PREFIX

SECRET = "zQ7-pl4nted-s3cret"
WRONG = {
    "AMQP__PREFIX": ("a/b", "String should match pattern '^[A-Za-z0-9_.-]{1,100}$'"),
    "AMQP__PREFETCH": ("0", "Input should be greater than or equal to 1"),
    "AMQP__HOLD_SECONDS": ("0", "Input should be greater than 0"),
    "AMQP__DECLARE": ("perhaps", "Input should be a valid boolean, unable to interpret input"),
    "PROVIDER__EDITION": ("Reseller", "Input should be 'reseller' or 'distributor'"),
    "PROVIDER__FORMAT": ("JSON", "Input should be 'json' or 'xml'"),
    "PROVIDER__V3_API_KEY": ("SG.\nkey", "must be printable ASCII without spaces at its ends"),
    "PROVIDER__TIMEOUT_SECONDS": ("inf", "Input should be a finite number"),
    "PROVIDER__RATE_PER_MINUTE": ("-1", "Input should be greater than or equal to 0"),
    "WORKER__CONCURRENCY": ("many", "Input should be a valid integer, unable to parse string as an integer"),
    "WORKER__DRAIN_SECONDS": ("nan", "Input should be a finite number"),
    "RETRY__CAP_SECONDS": ("-1", "Input should be greater than 0"),
    "LEDGER__KEEP_DAYS": ("1.5", "Input should be a valid integer, unable to parse string as an integer"),
    "HTTP__PORT": ("65536", "Input should be less than or equal to 65535"),
    "LOG__LEVEL": ("loud", "Input should be 'debug', 'info', 'warning' or 'error'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_value_is_reported_by_its_setting_and_rule(faults: Faults, name: str) -> None:
    value, rule = WRONG[name]

    assert faults(**{name: value}) == [f"{name}: {rule}"]


def test_all_faults_are_named_at_once(faults: Faults, tmp_path: Path) -> None:
    found = faults(
        PROVIDER__API_USER=None,
        PROVIDER__API_KEY=None,
        PROVIDER__API_KEY_FILE=str(tmp_path / "none"),
        PROVIDER__BASE_URL="http://provider.example.com",
        AMQP__URL="amqp://broker.example.com/",
        LOG__LEVEL="",
        **{name: value for name, (value, _) in WRONG.items() if name != "LOG__LEVEL"},
    )

    expected = {"PROVIDER__API_USER", "PROVIDER__API_KEY_FILE", "PROVIDER__BASE_URL", "AMQP__URL", *WRONG}
    assert sorted(fault.partition(":")[0] for fault in found) == sorted(expected)


def test_a_provider_of_which_nothing_is_set_is_missing_field_by_field(faults: Faults) -> None:
    found = faults(PROVIDER__API_USER=None, PROVIDER__API_KEY=None)

    assert [fault.partition(":")[0] for fault in found] == ["PROVIDER__API_USER", "PROVIDER__API_KEY"]


def test_the_error_is_one_fault_a_line(export: Export) -> None:
    export(LOG__LEVEL="loud", HTTP__PORT="-1")

    with pytest.raises(SettingsInvalid) as caught:
        load(Settings)

    error = caught.value
    assert str(error).splitlines() == list(error.faults)
    assert all(fault.startswith(PREFIX) for fault in error.faults)


@pytest.mark.parametrize("section", ["AMQP", "PROVIDER", "LOG"])
@pytest.mark.parametrize("value", ['{"level": "debug"}', "debug", "{", "[]"])
def test_a_whole_section_cannot_be_set(export: Export, section: str, value: str) -> None:
    before = load(Settings)
    export(**{section: value})

    assert load(Settings) == before
    assert unknown_names(os.environ)[0].startswith(f"{PREFIX}{section} is not a setting")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("PROVISIONING_AMQP_URL", "PROVISIONING_AMQP__URL"),
        ("PROVISIONING_PROVIDER__API_KEY_FIEL", "PROVISIONING_PROVIDER__API_KEY_FILE"),
        ("PROVISIONING_WORKER__CONCURENCY", "PROVISIONING_WORKER__CONCURRENCY"),
        ("provisioning_log__levle", "PROVISIONING_LOG__LEVEL"),
    ],
)
def test_a_name_that_nothing_reads_is_reported_with_the_one_that_was_meant(name: str, meant: str) -> None:
    assert unknown_names({name: "x"}) == [f"{name} is not a setting; did you mean {meant}?"]


def test_a_name_like_no_setting_is_reported_alone() -> None:
    assert unknown_names({"PROVISIONING_QQQQQQQQQQQQQQQQQQQQQQ": "x"}) == [
        "PROVISIONING_QQQQQQQQQQQQQQQQQQQQQQ is not a setting"
    ]


def test_known_names_and_those_of_others_are_no_warning() -> None:
    known = [*names(), *(f"{name}_FILE" for name in names()), *(name.lower() for name in names())]

    assert unknown_names(dict.fromkeys([*known, "PATH", "PROVISION", "MY_PROVISIONING_URL"], "x")) == []


def texts_of(error: BaseException | None) -> Iterator[str]:
    """What a log, a person or a crash report can get out of an error and of all that led to it."""
    while error is not None:
        yield from (str(error), repr(error), repr(error.args), repr(vars(error)))
        yield from traceback.format_exception(error)
        if isinstance(error, ValidationError):
            yield repr(error.errors())
        error = error.__cause__ or error.__context__


SECRETS = [
    "AMQP__URL",
    "AMQP__MANAGEMENT_URL",
    "PROVIDER__API_KEY",
    "PROVIDER__V3_API_KEY",
    "LEDGER__URL",
    "SECRETS__KEYS",
]
BREAKS: list[Callable[[str], str]] = [
    lambda secret: secret,
    lambda secret: f"http://u:{secret}@far.example.com/",
    lambda secret: f"amqp://u:{secret}@far.example.com:port/",
    lambda secret: f"//{secret}\\@[",
]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from([*names()]),
    suffix=st.sampled_from(["", "_FILE"]),
    spoil=st.sampled_from(BREAKS),
    others=st.dictionaries(st.sampled_from(SECRETS), st.sampled_from(BREAKS), max_size=3),
)
def test_no_value_is_in_anything_that_is_reported(
    name: str, suffix: str, spoil: Callable[[str], str], others: dict[str, Callable[[str], str]]
) -> None:
    planted = {f"{PREFIX}{other}": break_(SECRET) for other, break_ in others.items()}
    with pytest.MonkeyPatch.context() as patch:
        for key, value in {**planted, f"{name}{suffix}": spoil(SECRET), f"{PREFIX}LOG__LEVEL": "loud"}.items():
            patch.setenv(key, value)
        with pytest.raises(SettingsInvalid) as caught:
            load(Settings)

    error = caught.value
    assert SECRET not in "".join(texts_of(error))
    assert (error.__cause__, error.__context__) == (None, None)


@pytest.mark.parametrize("name", [*SECRETS, "PROVIDER__PROXY"])
def test_good_secrets_show_nowhere_either(export: Export, name: str) -> None:
    export(**{name: f"https://u:{SECRET}@127.0.0.1"})
    found = load(Settings)

    assert SECRET not in f"{found!r} {found}"
    assert SECRET not in found.model_dump_json()


def test_every_setting_that_may_hold_a_password_is_marked_as_a_secret() -> None:
    sections = [field.annotation for field in Settings.model_fields.values()]
    marked = {
        name
        for section in sections
        for name, field in getattr(section, "model_fields", {}).items()
        if SecretStr in (field.annotation, *getattr(field.annotation, "__args__", ()))
    }

    assert marked == {"url", "management_url", "api_key", "v3_api_key", "keys", "proxy"}
