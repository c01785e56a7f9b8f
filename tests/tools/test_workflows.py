"""The workflow files agree with the Makefile and with what pyproject.toml claims."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.page_script import steps_of

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PLATFORMS = (ROOT / "docs" / "platforms.md").read_text(encoding="utf-8").splitlines()
SYSTEMS = {"ubuntu": "Linux", "macos": "macOS", "windows": "Windows"}
SYSTEMS_OF_PYPI = {"Linux": "Linux", "MacOS": "macOS", "Windows": "Windows"}
Workflow = dict[Any, Any]  # YAML 1.1 reads the key `on` as True


def workflow(name: str) -> Workflow:
    made: Workflow = yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text(encoding="utf-8"))
    return made


def steps(one: Workflow) -> Iterator[dict[str, Any]]:
    for job in one["jobs"].values():
        yield from job["steps"]


def commands(one: Workflow) -> str:
    """Return all commands, with the values of a matrix in the place of its name."""
    found = [step["run"] for step in steps(one) if "run" in step]
    for job in one["jobs"].values():
        found += job.get("strategy", {}).get("matrix", {}).get("command", [])
    return "\n".join(found)


def test_there_are_workflows() -> None:
    assert {path.name for path in FILES} >= {"tests.yml", "docs.yml", "release.yml", "slow.yml"}


@pytest.mark.parametrize("name", [path.name for path in FILES])
def test_rights_times_and_versions_are_limited(name: str) -> None:
    one = workflow(name)
    assert one["permissions"] == {"contents": "read"}
    assert "concurrency" in one
    assert all(0 < job["timeout-minutes"] <= 180 for job in one["jobs"].values())
    text = (ROOT / ".github" / "workflows" / name).read_text(encoding="utf-8")
    uses = re.findall(r"uses: (.*)", text)
    assert len(uses) == sum("uses" in step for step in steps(one))
    assert [use for use in uses if not re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)] == []


@pytest.mark.parametrize("name", [path.name for path in FILES])
def test_commands_exist(name: str) -> None:
    text = commands(workflow(name))
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)", text)) <= targets
    paths = re.findall(r"python (\S+\.py)", text) + re.findall(r"--constraint (\S+)", text)
    assert [path for path in paths if not (ROOT / path).is_file()] == []
    assert set(re.findall(r'"\.\[([\w,]+)\]"', text)) <= set(PROJECT["optional-dependencies"])


def test_pull_requests_are_checked_by_the_steps_of_ci() -> None:
    text = commands(workflow("tests.yml")) + "\n" + commands(workflow("docs.yml"))
    made = {target for line in re.findall(r"^make (.*)", text, re.MULTILINE) for target in line.split()}
    assert made == steps_of(ROOT / ".ci" / "run") - {"test"}  # `make test` in the versions of the matrix


def test_the_tests_run_as_by_make() -> None:
    found = re.search(r"^test: install\n\t\$\(BIN\)/(python -m pytest .*)", MAKEFILE, re.MULTILINE)
    assert found is not None
    for name in ("tests", "lowest", "newest"):
        assert [step for step in workflow("tests.yml")["jobs"][name]["steps"] if step.get("run") == found[1]]


def test_what_the_package_claims_is_tested() -> None:
    matrix = workflow("tests.yml")["jobs"]["tests"]["strategy"]["matrix"]
    pythons, systems = tried("Python"), tried("system")
    assert set(matrix["python"]) == set(pythons)
    assert {SYSTEMS[one.partition("-")[0]] for one in matrix["os"]} == set(systems)
    assert PROJECT["requires-python"] == f">={min(pythons, key=lambda one: int(one.partition('.')[2]))}"
    assert claimed("Programming Language :: Python :: 3.") == with_suite(pythons)
    assert {SYSTEMS_OF_PYPI[one] for one in claimed("Operating System :: ")} == with_suite(systems)


def tried(kind: str) -> dict[str, set[str]]:
    """Return what docs/platforms.md states was done, by system without its processor, or by minor version of Python."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in PLATFORMS if line.startswith("|")]
    start = next(at for at, row in enumerate(rows) if row[0] == kind and row[-1] == "what was done")
    found: dict[str, set[str]] = {}
    for row in itertools.takewhile(lambda row: row[0] not in ("device", "Python", "system"), rows[start + 2 :]):
        name = ".".join(row[0].split(".")[:2]) if kind == "Python" else row[0].partition(",")[0]
        found.setdefault(name, set()).add(row[-1])
    return found


def with_suite(found: dict[str, set[str]]) -> set[str]:
    return {name for name, done in found.items() if "suite" in done}


def claimed(start: str) -> set[str]:
    found = {one for one in PROJECT["classifiers"] if one.startswith(start)}
    return {one.rpartition(" :: ")[2] for one in found}


def test_the_lowest_versions_are_tested_on_the_lowest_python() -> None:
    lowest = workflow("tests.yml")["jobs"]["lowest"]
    versions = [step["with"]["python-version"] for step in lowest["steps"] if "python-version" in step.get("with", {})]
    assert versions == [PROJECT["requires-python"].removeprefix(">=")]
    assert "--resolution lowest-direct" in str(lowest)


def test_only_the_release_may_publish_packages() -> None:
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        assert ("gh-action-pypi-publish" in text) == (path.name == "release.yml")
    release = workflow("release.yml")
    assert release[True] == {"push": {"tags": ["v*"]}}
    assert release["jobs"]["pypi"]["permissions"] == {"id-token": "write"}
    assert release["jobs"]["pypi"]["needs"] == "build"
