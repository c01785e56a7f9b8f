"""Lock file: the version of each package, for repeatable installs. `python -m tools.lock_file` compares an environment.

`make lock` writes `lock.txt` with uv for all supported Pythons and systems; markers select the lines for one of them.
It is used as constraints (`pip install -c lock.txt -e '.[dev]'`), so packages that an installation does not need stay
out: those of CUDA next to a CPU build of torch. It has no hashes, since builds of torch with the same version differ.
"""

from __future__ import annotations

import importlib.metadata
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
OWN = {"pip", "setuptools", "sketchfit", "wheel"}
"""Packages of an environment that no lock names."""


def locked(text: str) -> dict[str, Version]:
    """Return the version of each package in a lock file that is for this Python and system."""
    found: dict[str, Version] = {}
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        one = Requirement(line)
        if one.marker is None or one.marker.evaluate():
            found[canonicalize_name(one.name)] = Version(next(iter(one.specifier)).version)
    return found


def unmet(requirements: Sequence[str], lock: Mapping[str, Version]) -> list[str]:
    """Return the requirements for this Python and system that a lock does not meet."""
    wanted = [Requirement(one) for one in requirements]
    return [
        str(one)
        for one in wanted
        if (one.marker is None or one.marker.evaluate()) and not _is_met(one, lock.get(canonicalize_name(one.name)))
    ]


def differences(installed: Mapping[str, str], lock: Mapping[str, Version]) -> list[str]:
    """Return what differs of installed versions by name; a local part, such as `+cpu`, does not count."""
    return [
        f"{name} {version} is installed, {lock.get(name, 'no version')} is locked"
        for name, version in sorted(installed.items())
        if name not in OWN and Version(version).public != str(lock.get(name))
    ]


def project_requirements() -> list[str]:
    """Return the requirements of the project with all extras, and the pins of `constraints.txt`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [one for extra in project["optional-dependencies"].values() for one in extra]
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    every = [*project["dependencies"], *extras, *(line for line in pins if line and not line.startswith("#"))]
    return [one for one in every if not one.startswith("sketchfit[")]


def main() -> int:
    """Print what differs in this environment; return 1 where something does."""
    lock = locked((ROOT / "lock.txt").read_text(encoding="utf-8"))
    installed: dict[str, str] = {canonicalize_name(one.name): one.version for one in importlib.metadata.distributions()}
    found = differences(installed, lock)
    print("\n".join(found) or f"{len(set(installed) - OWN)} packages are installed as locked")
    return 1 if found else 0


def _is_met(wanted: Requirement, version: Version | None) -> bool:
    return version is not None and wanted.specifier.contains(version, prereleases=True)


if __name__ == "__main__":
    sys.exit(main())
