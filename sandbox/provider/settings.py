"""What can be chosen about the stand-in: where it listens, what it starts with, and how it reads unsettled rules.

The provider's documents contradict each other in places. Each such place is a switch whose default is the likeliest
reading, so that a client can be shown to work under every reading.
"""

import difflib
from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from sandbox.provider.accounts.seed import Seed, demo_seed


class SwitchError(ValueError):
    """A switch's name or value is unknown; the message says which, and what is known."""


class ErrorStatus(StrEnum):
    """The HTTP status of an error body: always 200 (as recorded), or a matching 4xx (as later documented)."""

    ALWAYS_200 = "200"
    CLIENT_ERROR = "4xx"


class UnknownUser(StrEnum):
    """How an unknown customer is reported.

    As first documented (by the bare "User not found" object, or a list of errors), by the later nested error, or by
    that error without its nest.
    """

    UNF = "unf"
    NEST = "nest"
    FLAT = "flat"


class AuthError(StrEnum):
    """How a wrong login is reported: nested 401, an `errors` list, or a 403 with a flat body sent as HTML."""

    NEST401 = "nest401"
    ERRORS = "errors"
    HTML403 = "html403"


class Required(StrEnum):
    """Whether a new customer needs all 16 fields, or may leave out `company` (and `package` when it is a free user)."""

    STRICT = "strict"
    LENIENT = "lenient"


class Filter(StrEnum):
    """How a search filter compares, always without regard to case."""

    SUBSTRING = "substring"
    EXACT = "exact"
    PREFIX = "prefix"


class Delete(StrEnum):
    """When a deleted customer is gone: at once, or (a repeat succeeds until then) at the end of its billing cycle."""

    NOW = "now"
    CYCLE_END = "cycle_end"


class EmptyOnSet(StrEnum):
    """What an empty value does when a profile is set: it is stored, or it leaves the field as it is."""

    STORE = "store"
    IGNORE = "ignore"


class OboUnknown(StrEnum):
    """What an `On-Behalf-Of` that names no customer does: a 400, a 403, or it is ignored and the reseller is meant."""

    ERROR = "error"
    FORBIDDEN = "forbidden"
    IGNORE = "ignore"


class MediaType(StrEnum):
    """The Content-Type of an answer: its own, or `text/html` as some were recorded to say of their JSON."""

    OWN = "own"
    HTML = "html"


class RowExtra(StrEnum):
    """A field that some recorded rows of a list carry beyond the twelve documented ones."""

    ID = "id"
    ADDRESS2 = "address2"
    WEBSITE_ACCESS = "website_access"


def _split_extras(given: object) -> object:
    """Lets `none` and `id,address2` be written on a command line."""
    if not isinstance(given, str):
        return given
    return [] if given in {"", "none"} else given.split(",")


class Switches(BaseModel):
    """The readings in force; every default is the likeliest one.

    `disable_alias` lets disable read `username` for `user`; `sendgrid_domain_on_create` refuses the provider's own
    domain on create as on a rename; `setusername_max` (characters) and `email_form` bound a new username; `tombstone`
    keeps the names of deleted customers from being used again; `gzip` compresses answers for a client that
    accepts it; `echo` makes refusals quote the call's secrets.
    `paging` lets a list be asked for by `limit` and `offset`, which the first documents do not know; `page_size` (rows;
    0: all) is the most that one answer holds, whatever `limit` asks for; `rate_limit` (calls per login and window;
    0: none) answers 429 beyond it, and `throttle_applies` lets such a call take effect all the same; `today`
    fixes the calendar that `billing_date` is measured against (none: the machine's date in UTC).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    error_status: ErrorStatus = ErrorStatus.ALWAYS_200
    unknown_user: UnknownUser = UnknownUser.UNF
    auth_error: AuthError = AuthError.NEST401
    required: Required = Required.STRICT
    filter: Filter = Filter.SUBSTRING
    row_extra: Annotated[frozenset[RowExtra], BeforeValidator(_split_extras)] = frozenset()
    disable_alias: bool = True
    sendgrid_domain_on_create: bool = False
    setusername_max: int = Field(default=100, ge=1)
    email_form: bool = True
    tombstone: bool = True
    delete: Delete = Delete.NOW
    empty_on_set: EmptyOnSet = EmptyOnSet.STORE
    obo_unknown: OboUnknown = OboUnknown.ERROR
    media_type: MediaType = MediaType.OWN
    gzip: bool = False
    echo: bool = False
    throttle_applies: bool = False
    paging: bool = True
    page_size: int = Field(default=0, ge=0)
    rate_limit: int = Field(default=0, ge=0)
    rate_window_seconds: float = Field(default=60.0, gt=0)
    today: date | None = None


class SandboxConfig(BaseModel):
    """Everything one stand-in is started with.

    `port` 0 takes any free one; `url_file` receives the URL once the port is bound, for a parent that waits for it;
    with `state_file` every change of state is on disk before the call is answered, and a start goes on from there (the
    journal, faults and switches are not kept);
    `latency_seconds` is what every call takes before it is applied; the newest `journal_limit` calls are remembered.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(default=8025, ge=0, le=65535)
    url_file: Path | None = None
    state_file: Path | None = None
    seed: Seed = Field(default_factory=demo_seed)
    switches: Switches = Switches()
    latency_seconds: float = Field(default=0.0, ge=0)
    journal_limit: int = Field(default=100_000, ge=1)


def parse_switches(assignments: Iterable[str]) -> Switches:
    """Reads `name=value` words, as typed on a command line; raises SwitchError at the first that is not understood."""
    chosen: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if name not in Switches.model_fields:
            raise SwitchError(_unknown_switch(assignment, name))
        # No value at all: a list of none is written as such.
        if not equals or not value:
            raise SwitchError(f"The switch {name} is without a value; give a value: {name}={values_of(name)}")
        chosen[name] = value
    try:
        return Switches.model_validate(chosen)
    except ValidationError as exc:
        first = exc.errors()[0]
        raise SwitchError(f"The switch {first['loc'][0]} cannot be {first['input']!r}: {first['msg']}.") from exc


def values_of(name: str) -> str:
    """What a switch may be set to, as it is typed; of a few values the default is the first.

    Several of `row_extra` are joined by commas.
    """
    kind, default = Switches.model_fields[name].annotation, Switches.model_fields[name].default
    if name == "row_extra":
        return "|".join(("none", *RowExtra))
    if name == "today":
        return "YYYY-mm-dd"
    if kind is bool:
        return "true|false" if default else "false|true"
    if isinstance(default, StrEnum):
        return "|".join(sorted(type(default), key=lambda value: value != default))
    return "SECONDS" if kind is float else "NUMBER"


def _unknown_switch(assignment: str, name: str) -> str:
    """The sentence for a word that is no `name=value` of a known switch."""
    near = difflib.get_close_matches(name, Switches.model_fields, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"{assignment!r} sets no switch.{hint} Write name=value with one of: {', '.join(Switches.model_fields)}."
