"""From a raw call to its arguments and its operation."""

import pytest

from sandbox.provider.operations.addressing import Address, address_of, username_of
from sandbox.provider.operations.calls import Edition, Form, Format, Operation, parse_form

MANAGE = "/apiv2/reseller.manage.json"
CREDENTIAL = "/apiv2/reseller.credential.json"


def form(**values: str) -> Form:
    return Form(values, {})


def operation_of(verb: str, path: str, arguments: Form) -> Operation:
    return address_of(verb, path, arguments).operation


def test_c04_the_query_and_the_body_are_one_form_and_the_body_has_the_last_word() -> None:
    merged = parse_form(b"user=a&city=Q", b"city=B&zip=")

    assert merged.values == {"user": "a", "city": "B", "zip": ""}


def test_c15_a_list_argument_keeps_every_value_however_its_brackets_are_spelled() -> None:
    merged = parse_form(b"ip[]=10.0.0.1", b"ip%5B%5D=10.0.0.2&ip=bare")

    assert merged.all_of("ip") == ("10.0.0.1", "10.0.0.2")
    assert merged.get("ip") == "bare"


def test_percent_encoded_utf8_is_decoded_and_broken_utf8_is_no_error() -> None:
    assert parse_form(b"city=%C5%81%C3%B3d%C5%BA+2&zip=%FF").values == {"city": "Łódź 2", "zip": "\ufffd"}


@pytest.mark.parametrize(
    ("method", "task", "operation"),
    [
        ("profile", "get", Operation.RETRIEVE),
        ("profile", "setUsername", Operation.SET_USERNAME),
        ("enable", "", Operation.ENABLE),
        ("disable", "", Operation.DISABLE),
        ("password", "setEmail", Operation.SET_PASSWORD),
    ],
)
def test_method_and_task_name_the_operation(method: str, task: str, operation: Operation) -> None:
    assert operation_of("POST", MANAGE, form(method=method, task=task)) is operation


@pytest.mark.parametrize(("method", "task"), [("profile", ""), ("profile", "ge"), ("profile", "setusername"), ("", "")])
def test_c27_c49_a_missing_or_misspelled_task_is_unknown(method: str, task: str) -> None:
    assert operation_of("POST", MANAGE, form(method=method, task=task)) is Operation.UNKNOWN


def test_credentials_are_told_apart_by_their_task() -> None:
    tasks = ("add", "edit", "delete", "drop")
    found = [operation_of("GET", CREDENTIAL, form(task=task)) for task in tasks]

    assert found == ["credential_add", "credential_edit", "credential_delete", "unknown"]


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("PUT", "/apiv2/reseller.add.json"),
        ("POST", "/apiv2/reseller.add.txt"),
        ("POST", "/apiv2/reseller.create.json"),
        ("POST", "/apiv2/xreseller.add.json"),
        ("POST", "/"),
        ("POST", "/api/distributor.credential.json"),
        ("POST", "/api/reseller.add.json"),
        ("POST", "/v3/user/profile"),
        ("PATCH", "/v3/user/username"),
    ],
)
def test_c74_a_wrong_verb_format_action_or_path_names_no_operation(verb: str, path: str) -> None:
    assert operation_of(verb, path, form(task="add")) is Operation.UNKNOWN


def test_c03_c21_the_path_names_edition_and_format() -> None:
    assert address_of("GET", "/api/distributor.add.xml", form()) == Address(
        Edition.DISTRIBUTOR, Format.XML, Operation.ADD
    )
    assert address_of("POST", "/apiv2/reseller.add.txt", form()).format is Format.JSON
    assert address_of("PATCH", "/v3/user/profile", form()).operation is Operation.USER_PROFILE_UPDATE


def test_create_and_search_call_the_customer_username_all_others_user() -> None:
    both = form(user="u", username="n")

    assert username_of(Operation.ADD, both) == "n"
    assert username_of(Operation.RETRIEVE, both) == "n"
    assert username_of(Operation.ENABLE, both) == "u"
    assert username_of(Operation.DISABLE, form(username="n")) == "n"
