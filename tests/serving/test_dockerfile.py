"""The image holds what serving needs, runs without rights, and reports its health at an address that needs no token."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from sketchfit.serving.guard import OPEN_PATHS

ROOT = Path(__file__).parents[2]
LINES = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text()).splitlines()


def instructions(name: str) -> list[str]:
    return [line.removeprefix(name).strip() for line in LINES if line.startswith(f"{name} ")]


def test_what_is_copied_is_there_and_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    for instruction in instructions("COPY"):
        for source in shlex.split(instruction)[:-1]:
            assert (ROOT / source).exists()
            assert f"!{source}" in ignored


def test_it_runs_without_rights_and_installs_only_what_serves() -> None:
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", instructions("USER")[-1])
    installed = [one for one in instructions("RUN") if "pip install" in one]
    assert len(installed) == 1
    assert "'.[serve]'" in installed[0]


def test_its_health_needs_no_token() -> None:
    (check,) = instructions("HEALTHCHECK")
    path = re.search(r"127\.0\.0\.1:8000(/\w+)", check)
    assert path
    assert path[1] in OPEN_PATHS
