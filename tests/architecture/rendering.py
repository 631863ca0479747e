"""Reads what the kustomizations list, with kubectl and without, and names the parts that rules are written for."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
K8S = ROOT / "k8s"

Resource = dict[str, Any]
Render = Callable[[Path], list[Resource]]


def read(path: Path) -> list[Resource]:
    """Read the resources of one file."""
    return [each for each in yaml.safe_load_all(path.read_text(encoding="utf-8")) if each is not None]


def listed(folder: Path) -> list[Resource]:
    """Read what a kustomization lists, through the folders it lists too; its patches are not applied."""
    return list(_listed(folder))


def kustomized(folder: Path) -> list[Resource]:
    """Let kubectl render it; it needs no cluster for this."""
    command = ["kubectl", "kustomize", str(folder)]
    rendered = subprocess.run(command, capture_output=True, check=True, timeout=60)  # noqa: S603 - found on PATH
    return [each for each in yaml.safe_load_all(rendered.stdout) if each is not None]


def renderers() -> list[Render]:
    """Give every way of rendering that this machine has."""
    return [listed, kustomized] if shutil.which("kubectl") else [listed]


def of_kind(resources: list[Resource], kind: str) -> Resource:
    """Find the one resource of that kind."""
    (found,) = [each for each in resources if each["kind"] == kind]
    return found


def names_of(resources: list[Resource]) -> set[tuple[str, str]]:
    """Return which resources there are."""
    return {(each["kind"], each["metadata"]["name"]) for each in resources}


def by_name(resources: list[Resource]) -> dict[tuple[str, str], Resource]:
    """Sort resources into a table, for comparing two sets."""
    return {(each["kind"], each["metadata"]["name"]): each for each in resources}


def _listed(folder: Path) -> Iterator[Resource]:
    (kustomization,) = read(folder / "kustomization.yaml")
    for entry in kustomization["resources"]:
        path = folder / entry
        yield from _listed(path) if path.is_dir() else read(path)
