"""The image holds the worker and nothing else, and runs as nobody in particular. No engine builds it here."""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from tests.architecture.rendering import ROOT, listed, of_kind
from worker.settings.loading import names
from worker.telemetry.health import HealthServer, Questions, State

CONFIGURATION = 78
#: Starts the program where some libraries are missing: the first argument names them, the others are its own.
WITHOUT = """\
import importlib.abc, sys
class Absent(importlib.abc.MetaPathFinder):
    absent = tuple(sys.argv[1].split(","))
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in self.absent:
            raise ModuleNotFoundError("the image has no " + name, name=name)
sys.meta_path.insert(0, Absent())
sys.argv = ["provisioning-worker", *sys.argv[2:]]
from worker.cli.main import main
main()
"""


@pytest.fixture(scope="module")
def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def instructions(stage: int) -> list[tuple[str, str]]:
    """Each instruction of a stage with its arguments; what stands before the first stage is stage 0."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line.strip()]
    pairs = [(line.split()[0], " ".join(line.split()[1:])) for line in lines]
    starts = [index for index, (word, _) in enumerate(pairs) if word == "FROM"]
    return [pair for index, pair in enumerate(pairs) if sum(start <= index for start in starts) == stage]


def operands(stage: int, word: str) -> list[str]:
    """The arguments of every such instruction of the stage."""
    return [arguments for name, arguments in instructions(stage) if name == word]


def only(stage: int, word: str) -> str:
    """The arguments of the stage's one instruction of that kind."""
    (arguments,) = operands(stage, word)
    return arguments


@pytest.fixture
def environment() -> dict[str, str]:
    return dict(re.findall(r"(\w+)=(\S+)", only(2, "ENV")))


def test_the_linter_has_nothing_to_say() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")

    linted = subprocess.run([hadolint, "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own tool

    assert linted.stdout == ""
    assert linted.returncode == 0


def test_both_stages_stand_on_one_base_that_can_be_replaced() -> None:
    assert only(0, "ARG") == "BASE_IMAGE=python:3.13-slim-trixie"
    assert [only(1, "FROM"), only(2, "FROM")] == ["${BASE_IMAGE} AS builder", "${BASE_IMAGE}"]
    assert not operands(3, "FROM")


def test_the_environment_is_made_from_the_lock_for_production() -> None:
    syncs = [run for run in operands(1, "RUN") if run.startswith("uv sync")]
    options = ["--locked", "--no-dev", "--no-editable", "--extra postgres"]

    assert [[option for option in options if option in sync] for sync in syncs] == [options, options]
    assert syncs[0] == f"{syncs[1]} --no-install-project"
    assert "UV_NO_CACHE=1" in only(1, "ENV")
    assert "--no-cache-dir" in operands(1, "RUN")[0]


def test_uv_is_of_a_version_that_builds_this_project(pyproject: dict[str, Any]) -> None:
    version = dict(each.partition("=")[::2] for each in operands(1, "ARG"))["UV_VERSION"]
    (backend,) = pyproject["build-system"]["requires"]

    assert backend.startswith(f"uv_build>={version},")
    assert operands(1, "RUN")[0].endswith('"uv==${UV_VERSION}"')


def test_only_what_the_build_needs_is_sent_and_copied(pyproject: dict[str, Any]) -> None:
    copied = {name for arguments in operands(1, "COPY") for name in arguments.split()[:-1]}
    rules = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    allowed = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}

    assert next(rule for rule in rules if not rule.startswith("#")) == "*"
    assert allowed == copied
    project = pyproject["project"]
    assert copied >= {"pyproject.toml", "uv.lock", project["readme"], *project["license-files"]}
    assert copied >= set(pyproject["tool"]["uv"]["build-backend"]["module-name"])


def test_the_image_gets_the_environment_and_an_empty_state_folder(environment: dict[str, str]) -> None:
    target = re.findall(r"UV_PROJECT_ENVIRONMENT=(\S+)", only(1, "ENV"))[0]
    state = f"{environment['XDG_STATE_HOME']}/provisioning-worker"

    assert operands(2, "COPY") == [
        f"--from=builder {target} {target}",
        f"--from=builder --chown=10001:10001 /state {state}",
    ]
    assert operands(1, "RUN")[0].startswith("mkdir /state &&")
    assert environment["PATH"] == f"{target}/bin:${{PATH}}"
    assert not operands(2, "RUN")


def test_the_program_is_process_1_and_hears_sigterm(pyproject: dict[str, Any]) -> None:
    (program,) = pyproject["project"]["scripts"]

    assert json.loads(only(2, "ENTRYPOINT")) == [program]
    assert json.loads(only(2, "CMD")) == ["run"]
    assert only(2, "STOPSIGNAL") == "SIGTERM"


def test_the_user_is_a_number_and_the_same_as_in_the_cluster() -> None:
    pod = of_kind(listed(ROOT / "k8s" / "base"), "Deployment")["spec"]["template"]["spec"]
    user, group = only(2, "USER").split(":")

    assert (int(user), int(group)) == (10001, 10001)
    assert (pod["securityContext"]["runAsUser"], pod["securityContext"]["runAsGroup"]) == (10001, 10001)


def test_the_image_speaks_at_once_and_listens_beyond_its_loopback(environment: dict[str, str]) -> None:
    assert environment["PYTHONUNBUFFERED"] == "1"
    assert environment["PROVISIONING_HTTP__HOST"] == "0.0.0.0"  # noqa: S104 - the container's own network
    assert {name for name in environment if name.startswith("PROVISIONING_")} <= set(names())
    assert only(2, "EXPOSE") == "9464"


def test_the_labels_report_which_version_it_is(pyproject: dict[str, Any]) -> None:
    labels = dict(re.findall(r'org\.opencontainers\.image\.([\w.]+)="([^"]*)"', only(2, "LABEL")))

    assert f"VERSION={pyproject['project']['version']}" in operands(2, "ARG")
    assert labels == {
        "title": pyproject["project"]["name"],
        "description": pyproject["project"]["description"],
        "version": "${VERSION}",
        "revision": "${REVISION}",
        "base.name": "${BASE_IMAGE}",
    }


def typed_without(absent: Sequence[str], word: str) -> "subprocess.CompletedProcess[str]":
    """Type one word to the program where these libraries are missing."""
    command = [sys.executable, "-c", WITHOUT, ",".join(absent), word]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own program


@pytest.fixture(scope="module")
def extra(pyproject: dict[str, Any]) -> list[str]:
    """The libraries of the sandbox, which the image has not."""
    return [re.split(r"[^\w-]", each)[0] for each in pyproject["project"]["optional-dependencies"]["sandbox"]]


def test_the_program_starts_without_the_libraries_of_the_sandbox(extra: list[str]) -> None:
    started = typed_without(extra, "--help")

    assert started.stderr == ""
    assert started.returncode == 0


@pytest.mark.parametrize("command", ["sandbox", "demo"])
def test_what_needs_those_libraries_says_what_to_install(extra: list[str], command: str) -> None:
    for library in extra:
        refused = typed_without([library], command)

        assert refused.returncode == CONFIGURATION
        assert refused.stderr == (
            f"{library} is not installed, which `sandbox` and `demo` need: install this program with its "
            "extra `sandbox`, as `make setup` in a clone does\n"
        )


@pytest.fixture(params=[True, False], ids=["well", "ill"])
def health(request: pytest.FixtureRequest) -> Iterator[tuple[HealthServer, bool]]:
    live = State(request.param, {})
    server = HealthServer(
        "127.0.0.1", 0, CollectorRegistry(), Questions(lambda: live, lambda: State(not live.well, {}))
    )
    server.start()
    yield server, request.param
    server.stop()


def test_the_health_check_says_what_livez_says(health: tuple[HealthServer, bool]) -> None:
    server, well = health

    assert (check_health(server.port) == 0) is well


def test_the_health_check_fails_when_nobody_listens(health: tuple[HealthServer, bool]) -> None:
    server, _ = health
    server.stop()

    assert check_health(server.port) != 0


def check_health(port: int) -> int:
    """Run the image's own check against a port of this machine; returns its exit code."""
    _, _, command = only(2, "HEALTHCHECK").partition("CMD ")
    python, *arguments = json.loads(command)
    assert python == "python"
    given = {**os.environ, "PROVISIONING_HTTP__PORT": str(port)}
    return subprocess.run([sys.executable, *arguments], env=given, capture_output=True, check=False).returncode  # noqa: S603 - our own check
