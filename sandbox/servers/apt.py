"""Servers from the distribution's own packages, downloaded and unpacked under one folder, nothing installed.

apt works with list, cache and state folders of its own, so any user can do it, and the system's stay as they are;
signatures are checked as always. One package and those it needs are unpacked with `dpkg -x`. Several processes
may ask at once: the first one works, the others wait for it and find everything there.
"""

import fcntl
import os
import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.servers.errors import SourceUnusable

_SECONDS = 600.0
_SYSTEM_SETTINGS = Path("/etc/apt")
_NEEDED_PROGRAMS = ("apt-get", "apt-cache", "dpkg", "dpkg-query")


@dataclass(frozen=True, slots=True)
class Packages:
    """What to fetch: the `root` package and, of all it depends on, recursively, the names that match `follow`.

    Libraries (`lib...`) that the machine has are not fetched again. The rest always comes whole: half an Erlang in
    the system and half here would not find each other.
    """

    root: str
    follow: str


def unpacked(packages: Packages, local: Path, report: Callable[[str], None]) -> Path:
    """Return the folder that holds the unpacked packages (`usr/...` below it), fetching them the first time.

    `local` is the folder that all files stay in; `report` gets a line for what takes time. Raises SourceUnusable when
    the machine has no apt, or apt fails (no network, no such package).
    """
    if missing := [name for name in _NEEDED_PROGRAMS if shutil.which(name) is None]:
        raise SourceUnusable(f"no {missing[0]} to download packages with")
    shelf = local.resolve() / "packages" / _distribution()
    target = shelf / packages.root
    if not target.exists():
        shelf.mkdir(parents=True, exist_ok=True)
        with _locked(shelf / "lock"):
            if not target.exists():
                report(f"downloading {packages.root} with apt, into {shelf} (once)")
                _fetch(packages, target)
    return target


def _distribution() -> str:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    return f"{release.get('ID', 'linux')}-{release.get('VERSION_ID', 'rolling')}-{platform.machine()}"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _fetch(packages: Packages, target: Path) -> None:
    # Under the lock nobody else works here, so what is found was left by somebody who was killed.
    for abandoned in target.parent.glob(".work-*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    work = Path(tempfile.mkdtemp(prefix=".work-", dir=target.parent))
    try:
        apt = PrivateApt(work)
        apt.run("apt-get", "update")
        names = apt.resolve(packages)
        apt.run("apt-get", "download", *names)
        tree = work / "tree"
        for archive in sorted(apt.downloads.glob("*.deb")):
            apt.run("dpkg", "-x", str(archive), str(tree))
        # Complete or not there at all: the name appears in one step.
        tree.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


class PrivateApt:
    """apt that reads the system's sources and keys and writes below one folder only."""

    def __init__(self, folder: Path) -> None:
        self.downloads = folder / "downloads"
        self._settings = folder / "apt.conf"
        parts = folder / "parts"
        for name in ("downloads", "parts", "state/lists/partial", "cache/archives/partial", "log", "tmp"):
            (folder / name).mkdir(parents=True)
        (folder / "status").touch()
        for number, path in enumerate(_system_settings()):
            (parts / f"{number:03}.conf").symlink_to(path)
        (parts / "zzz.conf").write_text(_private_settings(folder))
        self._settings.write_text(f'Dir::Etc::Parts "{parts}";\nDir::Etc::Main "{folder / "none"}";\n')
        self._environment = os.environ | {
            "APT_CONFIG": str(self._settings),
            "HOME": str(folder),
            "TMPDIR": str(folder / "tmp"),
            "LC_ALL": "C",
        }

    def run(self, *command: str) -> str:
        """Run one command of apt's or dpkg's; return what it printed. Raises SourceUnusable when it fails."""
        try:
            done = subprocess.run(  # noqa: S603 - fixed programs, names of packages
                command,
                env=self._environment,
                cwd=self.downloads,
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                timeout=_SECONDS,
                check=True,
            )
        except subprocess.TimeoutExpired as exc:
            raise SourceUnusable(f"`{' '.join(command[:2])}` took longer than {_SECONDS:.0f} s") from exc
        except (subprocess.CalledProcessError, OSError) as exc:
            raise SourceUnusable(f"`{' '.join(command[:2])}` failed ({_reason(exc)})") from exc
        return done.stdout

    def resolve(self, packages: Packages) -> list[str]:
        """Return the names of all packages to download, the root first."""
        graph = self._dependencies(packages.root)
        names = [packages.root]
        for name in names:
            names += [each for each in graph.get(name, []) if re.fullmatch(packages.follow, each) and each not in names]
        present = self._installed()
        return [name for name in names if not (name.startswith("lib") and name in present)]

    def _dependencies(self, root: str) -> dict[str, list[str]]:
        no = ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")
        try:
            listing = self.run("apt-cache", "depends", "--recurse", *(f"--no-{kind}" for kind in no), root)
        except SourceUnusable as exc:
            # `apt-get update` calls it a success when it reached nothing, so this is where a missing network shows.
            raise SourceUnusable(f"apt reaches no package {root} (network? sources in {_SYSTEM_SETTINGS}?)") from exc
        return read_dependencies(listing)

    def _installed(self) -> set[str]:
        listing = self.run("dpkg-query", "--show", "--showformat=${db:Status-Status} ${Package}\\n")
        return {line.removeprefix("installed ") for line in listing.splitlines() if line.startswith("installed ")}


def read_dependencies(listing: str) -> dict[str, list[str]]:
    """Read what `apt-cache depends --recurse` prints: each package with what it needs; of alternatives the first."""
    graph: dict[str, list[str]] = {}
    name, settled = "", False
    for line in listing.splitlines():
        if line and not line.startswith((" ", "<")):
            name, settled = line, False
            graph[name] = []
        elif dependency := re.match(r"^ ( |\|)(?:Pre)?Depends: ([^<\s]+)$", line):
            if not settled:
                graph[name].append(dependency[2])
            # A bar says that the next line names an alternative to this one.
            settled = dependency[1] == "|"
    return graph


def _system_settings() -> list[Path]:
    parts = _SYSTEM_SETTINGS / "apt.conf.d"
    found = (
        sorted(path for path in parts.glob("*") if re.fullmatch(r"[\w-]+|.*\.conf", path.name))
        if parts.is_dir()
        else []
    )
    return [path for path in [*found, _SYSTEM_SETTINGS / "apt.conf"] if path.is_file() and os.access(path, os.R_OK)]


def _private_settings(folder: Path) -> str:
    # The hooks in the system's settings are taken out: run as root they would change the system's own cache.
    hooks = ("APT::Update::Pre-Invoke", "APT::Update::Post-Invoke", "APT::Update::Post-Invoke-Success")
    # Sandbox user root: nothing is downloaded as `_apt`, who may not enter the folder.
    return "".join(f"#clear {hook};\n" for hook in hooks) + (
        f'Dir::State "{folder / "state"}";\nDir::State::status "{folder / "status"}";\n'
        f'Dir::Cache "{folder / "cache"}";\nDir::Log "{folder / "log"}";\n'
        'APT::Sandbox::User "root";\nAcquire::Languages "none";\nDebug::NoLocking "true";\n'
        'Acquire::http::Timeout "20";\n'
    )


def _reason(exc: subprocess.CalledProcessError | OSError) -> str:
    if isinstance(exc, OSError):
        return str(exc)
    lines = [line.strip() for line in str(exc.stderr).splitlines() if line.startswith("E:")] or ["no reason given"]
    return lines[-1].removeprefix("E: ").rstrip(".")
