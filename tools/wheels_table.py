"""Prints the table of wheels of docs/platforms.md: where every package of the extras can be installed without building.

    python -m tools.wheels_table

For each system and Python, `uv pip compile --only-binary :all:` resolves the extras with the versions of `lock.txt`. It
needs the network (PyPI) and installs nothing.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXTRAS = ("train", "deploy", "formats", "notify", "tracking", "cluster")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
SYSTEMS = {
    "Linux, x86-64, glibc 2.28": ("x86_64-manylinux_2_28", ""),
    "Linux, ARM, glibc 2.28": ("aarch64-manylinux_2_28", ""),
    "Linux, ARM, glibc 2.35": ("aarch64-manylinux_2_35", ""),
    "Windows, x86-64": ("x86_64-pc-windows-msvc", ""),
    "macOS 13, Apple's processors": ("aarch64-apple-darwin", "13.0"),
    "macOS 14, Apple's processors": ("aarch64-apple-darwin", "14.0"),
    "macOS 14, Intel": ("x86_64-apple-darwin", "14.0"),
}
"""Names for the page; those of uv, and the version of macOS."""

YES = "yes"
PACKAGE = re.compile(r"Because ([A-Za-z][\w.-]*)==")


@dataclass(frozen=True)
class Case:
    """A system and a Python.

    Attributes:
        system: as in `SYSTEMS`.
        python: as in `PYTHONS`.
    """

    system: str
    python: str


def main() -> None:
    """Print the table."""
    cases = [Case(system, python) for system in SYSTEMS for python in PYTHONS]
    with ThreadPoolExecutor(4) as pool:
        found = dict(zip(cases, pool.map(resolved, cases), strict=True))
    print("\n".join(table(found)))


def table(found: dict[Case, str]) -> Iterator[str]:
    """Yield the lines of the table."""
    yield "| system | " + " | ".join(("Python 3.11", *PYTHONS[1:])) + " |"
    yield "| --- |" + " --- |" * len(PYTHONS)
    for system in SYSTEMS:
        yield f"| {system} | " + " | ".join(found[Case(system, python)] for python in PYTHONS) + " |"


def resolved(case: Case) -> str:
    """Return `yes`, or what uv could not find a wheel of."""
    platform, macos = SYSTEMS[case.system]
    environment = {**os.environ, **({"MACOSX_DEPLOYMENT_TARGET": macos} if macos else {})}
    with tempfile.NamedTemporaryFile(suffix=".txt") as out:
        command = [
            *(str(Path(sys.executable).with_name("uv")), "pip", "compile", "--quiet", "--only-binary", ":all:"),
            *("--python-version", case.python, "--python-platform", platform),
            *("--constraint", "lock.txt", *(word for extra in EXTRAS for word in ("--extra", extra))),
            *("--output-file", out.name, "pyproject.toml"),
        ]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return YES if done.returncode == 0 else reason(done.stderr)


def reason(errors: str) -> str:
    """Return the package that has no wheel, from what uv prints.

    >>> reason("x No solution found\\n  Because torch==2.13.0 has no wheels with a matching platform tag")
    'no: torch'
    >>> reason("the network is down")
    'no: the network is down'
    """
    package = PACKAGE.search(" ".join(errors.split()))
    return f"no: {package[1] if package else ' '.join(errors.split())[-80:]}"


if __name__ == "__main__":
    main()
