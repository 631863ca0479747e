"""The rules of the project that no linter knows: sizes, names, silence at import, and nothing of anybody's machine."""

import ast
import fnmatch
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.architecture.rendering import ROOT

#: The way of a delivery stands in one file, though it is the longest.
MAX_MODULES = 10
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 40
MAX_PARAMETERS = 6
MAX_README_LINES = 150
PRODUCT = ("messages", "sandbox", "worker")
VAGUE_NAMES = {"base", "common", "data", "helper", "helpers", "info", "manager", "managers", "misc", "util", "utils"}
#: What a module must not do while it is imported: ask the environment, the disk, the network, the clock, the system.
LOUD = re.compile(
    r"os\.(environ|environb|getenv|popen|system)\b|open\b|socket\.|subprocess\.|threading\.Thread\b|time\.\w+$"
    r"|.*\.(read_text|read_bytes|write_text|write_bytes|mkdir|touch|unlink)$"
)
#: Written so that this file does not match itself. The words point at places that a reader of the project cannot see.
FOREIGN = re.compile(
    r"/(?:work|root|home|Users)/[\w.]|\bissue\s*[#]?\d|\bissue\s#|\b(?:INTERFACE|DESIGN)[.]md\b|[.]{2}/shared\b",
    re.IGNORECASE,
)
GENERATED = {"uv.lock"}
LOCKED_HOSTS = {"pypi.org", "files.pythonhosted.org"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def files(pattern: str = "*") -> list[Path]:
    """Every file that belongs to the project, by the end of its name: what .gitignore names is left out."""
    rules = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    ignored = [".git", *(rule.strip("/") for rule in rules if rule.endswith("/"))]
    found: list[Path] = []
    for folder, inner, names in os.walk(ROOT):
        inner[:] = [name for name in inner if not any(fnmatch.fnmatch(name, rule) for rule in ignored)]
        # In a worktree of git's, .git is a file.
        found += [Path(folder, name) for name in names if fnmatch.fnmatch(name, pattern) and name != ".git"]
    return sorted(found)


def modules(*folders: str) -> list[Path]:
    """Every module below these folders of the project, or all there are."""
    return [path for path in files("*.py") if not folders or path.relative_to(ROOT).parts[0] in folders]


def tree(path: Path) -> ast.Module:
    """Parse a module."""
    return ast.parse(path.read_text(encoding="utf-8"))


def lines(path: Path) -> list[str]:
    """The file's lines; none when it is no text."""
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return []


def place(path: Path, node: ast.stmt | ast.expr) -> str:
    """Where something is, as editors understand it."""
    return f"{path.relative_to(ROOT)}:{node.lineno}"


def functions(path: Path) -> Iterator[Function]:
    """Every function and method, inner ones too."""
    return (node for node in ast.walk(tree(path)) if isinstance(node, Function))


def body_lines(function: Function) -> int:
    """Lines from the first statement after the docstring to the last, blank ones and comments between them too."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def parameters(function: Function) -> int:
    """Every parameter a caller may give, positional or by keyword; self and cls are not given."""
    arguments = function.args
    named = [each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    stars = [each for each in (arguments.vararg, arguments.kwarg) if each is not None]
    return len(named) + len(stars) - (named[:1] in (["self"], ["cls"]))


def run_at_import(node: ast.AST) -> Iterator[ast.expr]:
    """Every expression that is evaluated when the module is imported: not what stands inside of functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function | ast.Lambda):
            arguments = child.args
            outside = [*arguments.defaults, *(each for each in arguments.kw_defaults if each is not None)]
            outside += [] if isinstance(child, ast.Lambda) else child.decorator_list
            yield from (part for each in outside for part in (each, *run_at_import(each)))
            continue
        if isinstance(child, ast.expr):
            yield child
        yield from run_at_import(child)


def named(expression: ast.AST) -> str:
    """What is called or read, in dots; empty when it is neither."""
    match expression:
        case ast.Call(func=called):
            return ast.unparse(called)
        case ast.Attribute(value=ast.Name(id="os"), attr="environ" | "environb" as attribute):
            return f"os.{attribute}"
        case _:
            return ""


def sleeps(node: ast.AST) -> bool:
    """Return whether this waits for time instead of for an event."""
    match node:
        case ast.Attribute(value=ast.Name(id="time"), attr="sleep"):
            return True
        case ast.ImportFrom(module="time", names=imported):
            return any(alias.name == "sleep" for alias in imported)
        case _:
            return False


def test_no_file_is_long() -> None:
    code = [
        path for path in files() if path.suffix in {".py", ".sh", ".yaml", ".toml", ""} and path.name not in GENERATED
    ]
    counted = {str(path.relative_to(ROOT)): len(lines(path)) for path in code}

    assert {path: count for path, count in counted.items() if count > MAX_FILE_LINES} == {}


def test_no_function_is_long() -> None:
    counted = {place(path, each): body_lines(each) for path in modules() for each in functions(path)}

    assert {name: count for name, count in counted.items() if count > MAX_FUNCTION_LINES} == {}


def test_no_function_asks_for_much() -> None:
    counted = {place(path, each): parameters(each) for path in modules() for each in functions(path)}

    assert {name: count for name, count in counted.items() if count > MAX_PARAMETERS} == {}


def test_no_package_has_many_modules() -> None:
    packages = Counter(path.parent for path in modules("worker", "messages") if path.name != "__init__.py")

    assert {str(path): count for path, count in packages.items() if count > MAX_MODULES} == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    parts = {part.removesuffix(".py"): path for path in modules() for part in path.relative_to(ROOT).parts}

    assert {name: str(path) for name, path in parts.items() if name in VAGUE_NAMES} == {}


def test_every_module_says_what_it_is_for() -> None:
    assert [str(path.relative_to(ROOT)) for path in modules() if not ast.get_docstring(tree(path))] == []


def test_importing_does_nothing() -> None:
    loud = [
        f"{place(path, part)} {named(part)}"
        for path in modules(*PRODUCT)
        for part in run_at_import(tree(path))
        if LOUD.match(named(part))
    ]

    assert loud == []


def test_only_the_command_line_reads_the_environment() -> None:
    readers = [
        place(path, part)
        for path in modules("messages", "worker")
        if path.relative_to(ROOT).parts[:2] != ("worker", "cli")
        for part in ast.walk(tree(path))
        if isinstance(part, ast.expr) and named(part).startswith(("os.environ", "os.getenv"))
    ]

    assert readers == []


def test_nobody_waits_by_sleeping() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
        for path in modules("messages", "worker", "tests")
        for node in ast.walk(tree(path))
        if sleeps(node)
    ]

    assert found == []


def test_nothing_points_at_what_only_its_writers_could_see() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in files()
        for number, line in enumerate(lines(path), start=1)
        if FOREIGN.search(line)
    ]

    assert found == []


def test_the_lock_names_public_hosts_only() -> None:
    hosts = set(re.findall(r"https?://([^/\"]+)", (ROOT / "uv.lock").read_text(encoding="utf-8")))

    assert hosts == LOCKED_HOSTS


def test_the_readme_can_be_read_in_one_sitting() -> None:
    assert len(lines(ROOT / "README.md")) <= MAX_README_LINES


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import os\nHOME = os.environ['HOME']", True),
        ("import os\ndef f(home=os.environ.get('HOME')):\n    pass", True),
        ("class A:\n    text = open('x').read()", True),
        ("import threading\n@register(threading.Thread())\nclass A:\n    pass", True),
        ("import os\ndef f():\n    return os.environ['HOME']", False),
        ("import os\nf = lambda: os.getenv('HOME')", False),
        ("import re\nWORD = re.compile('open')", False),
    ],
)
def test_what_runs_at_import_is_distinguished_from_what_does_not(source: str, expected: bool) -> None:
    assert any(LOUD.match(named(part)) for part in run_at_import(ast.parse(source))) is expected


def counted_by(count: Callable[[Function], int], source: str) -> int:
    """Apply a count to the one function of a source."""
    (function,) = [node for node in ast.walk(ast.parse(source)) if isinstance(node, Function)]
    return count(function)


def test_the_docstring_is_not_counted_and_everything_after_it_is() -> None:
    source = 'def f():\n    """One.\n\n    More.\n    """\n    a = 1\n\n    # why\n    return a'

    assert counted_by(body_lines, source) == 4


def test_keywords_and_stars_are_parameters_and_self_is_none() -> None:
    assert counted_by(parameters, "def f(self, a, /, b, *c, d, **e): pass") == 5
    assert counted_by(parameters, "def f(a, *, b): pass") == 2


def test_no_two_classes_have_one_name() -> None:
    places: dict[str, list[str]] = {}
    for path in modules(*PRODUCT, "bench"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(str(path.relative_to(ROOT)))

    assert {name: where for name, where in places.items() if len(where) > 1} == {}
