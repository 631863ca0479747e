"""Packages unpacked under one folder: once, whole or not at all, also when several processes ask together."""

import os
from pathlib import Path

import pytest

from sandbox.servers.apt import Packages, read_dependencies, unpacked
from sandbox.servers.errors import SourceUnusable
from tests.support.servers import python_process

_LISTING = """\
rabbitmq-server
  PreDepends: init-system-helpers
 |Depends: erlang-base
  Depends: erlang-base-hipe
  Depends: python3
  Depends: <erlang-abi>
    erlang-base
erlang-base
  Depends: libtinfo6
  Depends: libnew1
  Depends: erlang-crypto
python3
  Depends: libpython3
"""
# Each program writes down how it was called; `update` waits until the test lets it go on.
_PROGRAMS = {
    "apt-get": """\
case "$1" in
    update) until [ -e "$GO" ]; do sleep 0.02; done ;;
    download) shift; touch "${@/%/.deb}" ;;
esac""",
    "apt-cache": 'cat "$LISTING"',
    "dpkg-query": "echo installed libtinfo6; echo config-files libnew1",
    "dpkg": '[ ! -e "$BROKEN" ] || exit 1; mkdir -p "$3/usr" && touch "$3/usr/$(basename "$2" .deb)"',
}
_ASK = """
import sys
from pathlib import Path
from sandbox.servers.apt import Packages, unpacked
print("asking", flush=True)
print(unpacked(Packages("rabbitmq-server", "erlang-.*|lib.*"), Path(sys.argv[1]), lambda _: None))
"""
WANTED = Packages("rabbitmq-server", "erlang-.*|lib.*")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose apt is ours: `go` lets updates finish, `broken` fails unpacking, `calls` is what was run."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, body in _PROGRAMS.items():
        script = programs / name
        script.write_text(f'#!/bin/bash\necho "{name} $1" >> "$CALLS"\n{body}\n')
        script.chmod(0o755)
    (tmp_path / "listing").write_text(_LISTING)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    for name in ("go", "broken", "calls", "listing"):
        monkeypatch.setenv(name.upper(), str(tmp_path / name))
    return tmp_path


def silent(_: str) -> None:
    pass


def test_what_is_followed_comes_whole_and_libraries_that_are_here_do_not(machine: Path) -> None:
    (machine / "go").touch()
    tree = unpacked(WANTED, machine / "local", silent)
    found = {path.name for path in (tree / "usr").iterdir()}
    assert found == {"rabbitmq-server", "erlang-base", "erlang-crypto", "libnew1"}


def test_what_is_there_is_not_fetched_again(machine: Path) -> None:
    (machine / "go").touch()
    first = unpacked(WANTED, machine / "local", silent)
    (machine / "calls").unlink()
    assert unpacked(WANTED, machine / "local", silent) == first
    assert not (machine / "calls").exists()


def test_two_processes_that_ask_together_fetch_once(machine: Path) -> None:
    local = str(machine / "local")
    with python_process(_ASK, local) as one, python_process(_ASK, local) as other:
        assert one.next_line() == other.next_line() == "asking"
        (machine / "go").touch()
        assert one.next_line() == other.next_line() != ""
    assert (machine / "calls").read_text().count("apt-get update") == 1


def test_a_failed_fetch_leaves_nothing_and_says_which_command_failed(machine: Path) -> None:
    (machine / "go").touch()
    (machine / "broken").touch()
    with pytest.raises(SourceUnusable, match="`dpkg -x` failed"):
        unpacked(WANTED, machine / "local", silent)
    left = {path.name for path in (machine / "local").rglob("*") if path.is_file()}
    assert left == {"lock"}


def test_a_package_apt_does_not_know_points_at_network_and_sources(machine: Path) -> None:
    (machine / "go").touch()
    (machine / "listing").unlink()
    with pytest.raises(SourceUnusable, match="apt reaches no package rabbitmq-server"):
        unpacked(WANTED, machine / "local", silent)


def test_a_machine_without_apt_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceUnusable, match="no apt-get"):
        unpacked(WANTED, tmp_path / "local", silent)


def test_of_alternatives_the_first_is_taken_and_virtual_packages_are_passed_over() -> None:
    assert read_dependencies(_LISTING)["rabbitmq-server"] == ["init-system-helpers", "erlang-base", "python3"]
