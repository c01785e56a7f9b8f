"""Sizes of environments by extra, as a table for docs/install.md. `make sizes` prints it.

    python -m tools.install_sizes [--before COMMIT] [--find-links FOLDER] [--only train,serve]

Each row is a new environment by uv with the versions of `lock.txt`: files of all packages in MB (a million bytes),
without compiled Python files. PyPI's torch for Linux is for CUDA; `--find-links` names a folder with a CPU build.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import tomllib
from datetime import UTC, datetime
from pathlib import Path

from tools.lock_file import ROOT

Sizes = dict[str, float]


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", help="a commit to compare with")
    parser.add_argument("--find-links", help="a folder with a CPU build of torch")
    parser.add_argument("--only", help="extras, separated by commas; `core` for none")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        only = given.only.split(",") if given.only else ["core", *extras(ROOT)]
        now = measure(ROOT, only, given.find_links, work / "now")
        before: Sizes = {}
        if given.before:
            checkout(given.before, work / "source")
            before = measure(work / "source", only, given.find_links, work / "before")
    print(table(now, before))
    day = datetime.now(UTC).date()
    print(f"\n{day}, {platform.system()} {platform.machine()}, Python {platform.python_version()}")
    return 0


def extras(source: Path) -> list[str]:
    """Return the extras of a checkout."""
    return list(
        tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    )


def measure(source: Path, names: list[str], find_links: str | None, work: Path) -> Sizes:
    """Install a checkout with each of some extras, those that it has; return MB by extra."""
    found, known = {}, {"core", *extras(source)}
    for name in (one for one in names if one in known):
        folder = work / name
        uv = (sys.executable, "-m", "uv")
        subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
        links = ["--find-links", find_links] if find_links else []
        what = str(source) if name == "core" else f"{source}[{name}]"
        pinned = ["--constraint", str(ROOT / "lock.txt")]
        subprocess.run([*uv, "pip", "install", "--quiet", "--python", folder, *links, *pinned, what], check=True)
        found[name] = megabytes(folder)
        print(f"{name}: {found[name]:.0f} MB", file=sys.stderr)
    return found


def megabytes(folder: Path) -> float:
    """Return the size of all files below a folder, in million bytes, without compiled Python files."""
    paths = (Path(parent) / name for parent, _, names in os.walk(folder) for name in names)
    return sum(path.lstat().st_size for path in paths if path.suffix != ".pyc") / 1e6


def table(now: Sizes, before: Sizes) -> str:
    """Return the sizes as a Markdown table, in the order of `now`."""
    lines = ["| installed | before, MB | now, MB |", "| --- | --- | --- |"]
    for name, size in now.items():
        command = "sketchfit" if name == "core" else f"sketchfit[{name}]"
        lines.append(f"| `{command}` | {f'{before[name]:,.0f}' if name in before else '–'} | {size:,.0f} |")
    return "\n".join(lines)


def checkout(commit: str, folder: Path) -> None:
    """Write the files of a commit to a folder."""
    folder.mkdir()
    archive = folder.with_suffix(".tar")
    subprocess.run(["git", "-C", ROOT, "archive", "--output", archive, commit], check=True)
    subprocess.run(["tar", "-x", "-f", archive, "-C", folder], check=True)


if __name__ == "__main__":
    sys.exit(main())
