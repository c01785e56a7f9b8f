"""What a wheel must contain: every file of the package, and nothing else."""

from __future__ import annotations

import re
import subprocess
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path

LARGEST_WHEEL = 3_000_000
"""Bytes; 1.6 million on 2026-11-27."""

DIST_INFO = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE", "top_level.txt"}
"""Files of a wheel's own folder."""


def problems(wheel: Mapping[str, bytes], size: int, package: Mapping[str, bytes]) -> list[str]:
    """Return what is wrong with a wheel, one sentence each.

    Args:
        wheel: content of its files, by path.
        size: of the wheel, in bytes.
        package: content of the files that it must have, by path.
    """
    own = {name for name in wheel if re.match(r"sketchfit-[^/]+\.dist-info/", name)}
    lacks = sorted(set(package) - set(wheel))
    more = sorted(set(wheel) - set(package) - own)
    differs = sorted(name for name in set(wheel) & set(package) if wheel[name] != package[name])
    found = [f"{name} is not in the wheel" for name in lacks]
    found += [f"{name} is in the wheel, and not in the package" for name in more]
    found += [f"{name} differs in the wheel" for name in differs]
    if (names := {name.partition("/")[2] for name in own}) != DIST_INFO:
        found.append(f"the wheel's own files are {sorted(names)}")
    if size > LARGEST_WHEEL:
        found.append(f"the wheel has {size:,} bytes, more than {LARGEST_WHEEL:,}")
    return found


def wheel_files(path: Path) -> dict[str, bytes]:
    """Return the content of a wheel's files, by path."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def package_files(root: Path) -> dict[str, bytes]:
    """Return the content of the package's files in a checkout that git knows, by path below `src/`."""
    listed = subprocess.run(["git", "-C", root, "ls-files", "-z", "src"], capture_output=True, check=True, text=True)
    return {name[len("src/") :]: (root / name).read_bytes() for name in listed.stdout.split("\0") if name}


def same_files(first: Mapping[str, bytes], second: Mapping[str, bytes], without: Collection[str] = ()) -> list[str]:
    """Return the names of files that differ between two wheels, or are in one only."""
    return sorted(name for name in {*first, *second} - {*without} if first.get(name) != second.get(name))
