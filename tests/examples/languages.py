"""How each emitter example is run, and on which machines it can be: those that have its language and its library."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
EMITTERS = ROOT / "examples" / "emitters"

_NODE_MODULES = ROOT / ".local/examples/nodejs/node_modules"
_GO_PATH = Path("/usr/share/gocode")
_BUILD_SECONDS = 100
_GO_CACHE = ROOT / ".local/examples/go-cache"
_JARS = (Path("/usr/share/java/amqp-client.jar"), Path("/usr/share/java/slf4j-api.jar"))
_GEMS = Path("/usr/share/rubygems-integration/all/gems")


@dataclass(frozen=True, slots=True)
class Language:
    """One example: what it needs beside its program, and what is typed to run it from a folder of its own."""

    name: str
    program: str
    needs: tuple[Path, ...]
    argv: Callable[[Path], list[str]]

    @property
    def is_here(self) -> bool:
        """Whether this machine can run it."""
        return shutil.which(self.program) is not None and all(path.exists() for path in self.needs)


def _python(_: Path) -> list[str]:
    return [sys.executable, str(EMITTERS / "python/emit.py")]


def _curl(_: Path) -> list[str]:
    return ["sh", str(EMITTERS / "curl/emit.sh")]


def _nodejs(folder: Path) -> list[str]:
    # Node looks for libraries beside the file alone, and nothing is installed among the sources.
    shutil.copytree(EMITTERS / "nodejs", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules"))
    if not (folder / "node_modules").exists():
        (folder / "node_modules").symlink_to(_NODE_MODULES)
    return ["node", str(folder / "emit.js")]


def _php(_: Path) -> list[str]:
    return ["php", str(EMITTERS / "php/emit.php")]


def _ruby(_: Path) -> list[str]:
    return ["ruby", str(EMITTERS / "ruby/emit.rb")]


def _java(_: Path) -> list[str]:
    return ["java", "-cp", ":".join(map(str, _JARS)), str(EMITTERS / "java/Emit.java")]


def _go(folder: Path) -> list[str]:
    program = folder / "emit"
    places = {"GO111MODULE": "off", "GOPATH": str(_GO_PATH), "GOCACHE": str(_GO_CACHE)}
    build = ["go", "build", "-o", str(program), str(EMITTERS / "go/emit.go")]
    subprocess.run(build, env={**os.environ, **places}, check=True, timeout=_BUILD_SECONDS)  # noqa: S603 - our own
    return [str(program)]


LANGUAGES = (
    Language("python", sys.executable, (), _python),
    Language("curl", "curl", (), _curl),
    Language("nodejs", "node", (_NODE_MODULES / "amqplib",), _nodejs),
    Language("php", "php", (Path("/usr/share/php/PhpAmqpLib/autoload.php"),), _php),
    Language("ruby", "ruby", (_GEMS,), _ruby),
    Language("java", "java", _JARS, _java),
    Language("go", "go", (_GO_PATH / "src/github.com/rabbitmq/amqp091-go",), _go),
)


def languages_here() -> list[Language]:
    """The examples that can be run on this machine."""
    return [language for language in LANGUAGES if language.is_here]
