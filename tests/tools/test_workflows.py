"""The workflow files agree with the Makefile and with what pyproject.toml claims."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SYSTEMS = {"ubuntu": "POSIX :: Linux", "macos": "MacOS", "windows": "Microsoft :: Windows"}
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
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)", text)) <= targets
    paths = re.findall(r"python (\S+\.py)", text) + re.findall(r"--constraint (\S+)", text)
    assert [path for path in paths if not (ROOT / path).is_file()] == []
    assert set(re.findall(r'"\.\[([\w,]+)\]"', text)) <= set(PROJECT["optional-dependencies"])


def test_what_the_package_claims_is_tested() -> None:
    matrix = workflow("tests.yml")["jobs"]["tests"]["strategy"]["matrix"]
    claimed = {one.rpartition(" ")[2] for one in PROJECT["classifiers"] if re.search(r"Python :: 3\.\d+$", one)}
    assert claimed
    assert claimed <= set(matrix["python"])
    assert PROJECT["requires-python"] == f">={matrix['python'][0]}"
    tested = {SYSTEMS[one.partition("-")[0]] for one in matrix["os"]}
    systems = {one.partition(" :: ")[2] for one in PROJECT["classifiers"] if one.startswith("Operating System")}
    assert systems <= tested | {"OS Independent"}


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
