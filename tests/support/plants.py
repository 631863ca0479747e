"""Secrets that can be recognised wherever they come up, in whatever spelling, and the commands that carry them."""

import re
from pathlib import Path

from pydantic import SecretStr

from sandbox.provider.accounts.seed import Seed, check_seed
from tests.support import commands as build
from tests.support.commands import Command, Message, bare, new_username

#: Every encoding leaves the characters of both ends as they are, and breaks what is between them.
_AWKWARD = " \"q\" 'a' & <b> 100% +ü\\/ "
_FOUND = re.compile(r"pl4nted|s3cret", re.IGNORECASE)


def planted(name: str) -> str:
    """A secret full of characters that URLs, JSON and XML write in other ways."""
    return f"pl4nted-{name}{_AWKWARD}s3cret"


API_KEY = planted("login")
#: It travels in a header, which takes ASCII alone.
V3_KEY = "pl4nted-v3 \"q\" 'a' & <b> 100% +\\/ s3cret"
#: A key of 32 bytes, in the alphabet of such keys.
LEDGER_KEY = f"{'pl4nted-s3cret':A<43}="


def seen_in(text: object) -> list[str]:
    """What of a secret is to be seen there."""
    return _FOUND.findall(f"{text}")


def seen_in_files(folder: Path, pattern: str) -> list[str]:
    """The names of the files in which something of a secret is to be seen."""
    return [path.name for path in folder.glob(pattern) if seen_in(path.read_bytes().decode("latin-1"))]


def seed() -> Seed:
    """The usual customers, under logins that are secrets of ours."""
    usual = check_seed()
    acme, *others = usual.resellers
    logins = {"api_key": SecretStr(API_KEY), "v3_api_key": SecretStr(V3_KEY)}
    return usual.model_copy(update={"resellers": (acme.model_copy(update=logins), *others)})


def applied() -> list[Command]:
    """Each secret field once, in commands that the provider accepts."""
    made = build.create(new_username(), password=planted("create"))
    return [
        made,
        build.change_password(made.username, planted("change")),
        build.add_credential(made.username, "mailer-of-secrets", planted("add")),
        build.rotate(made.username, "mailer-of-secrets", planted("rotate")),
        build.update_user_profile(made.username, {"city": "York"}),
    ]


def refused_by_the_provider() -> list[Command]:
    """Commands that it refuses; with its switch `echo` it quotes their secrets and those of the login."""
    return [
        build.create(new_username(), password=planted("create"), package="Platinum"),
        build.create("a@x.com", password=planted("create")),
        build.change_password("nobody@x.com", planted("change")),
        build.add_credential("a@x.com", "cred1", planted("add")),
        build.rotate("a@x.com", "nobody's", planted("rotate")),
        build.remove_credential("a@x.com", "nobody's"),
        build.delete("nobody@x.com"),
        build.disable("nobody@x.com"),
        build.update_profile("nobody@x.com", {"city": "York"}),
        build.change_email("nobody@x.com", "new@x.com"),
        build.rename("a@x.com", "b@x.com"),
        build.update_user_profile("nobody@x.com", {"city": "York"}),
    ]


def refused_by_us(taken: Command) -> list[Command]:
    """Commands that break a rule, each with a secret in it, and one under the id of another."""
    return [
        build.create(new_username(), password=planted("create"), colour=planted("stray")),
        build.create(new_username(), password=[planted("list")]),
        build.change_password("a@x.com", planted("long") * 10),
        build.add_credential("a@x.com", "mailer", {"new": planted("object")}),  # type: ignore[arg-type]  # on purpose
        build.rotate("a@x.com", "1", planted("rotate")),
        Command("RotateCredential", {"username": "a@x.com", "credential_password": planted("wrong field")}),
        Command("ChangePasword", {"username": "a@x.com", "password": planted("unknown type")}),
        build.change_password("a@x.com", planted("conflict"), id=taken.id),
    ]


def broken() -> list[Message]:
    """Messages that are no commands."""
    whole = bare(build.change_password("a@x.com", planted("broken")))
    half = whole.body[: len(whole.body) - 20]
    return [Message(half), Message(half, whole.properties)]
