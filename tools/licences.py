"""Licences of all dependencies, by extra, from the metadata of what is installed. `make licences` writes the page.

    python -m tools.licences docs/licences.md

It fails where a licence is copyleft (GPL, AGPL) or unknown. Metadata describe a package's own code; libraries inside
its wheel are named in `BUNDLED`, by hand.
"""

from __future__ import annotations

import importlib.metadata
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import Distribution
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

Kind = Literal["permissive", "weak copyleft", "copyleft", "unknown"]
ORDER: tuple[Kind, ...] = ("permissive", "weak copyleft", "unknown", "copyleft")

WEAK = re.compile(r"\bL-?GPL|Lesser General|\bMPL|Mozilla|\bEPL|\bCDDL|\bEUPL", re.IGNORECASE)
STRONG = re.compile(r"\bA?GPL|General Public|Affero|\bSSPL", re.IGNORECASE)
PERMISSIVE = re.compile(
    r"\b(MIT|BSD|0BSD|Apache|ISC|ISCL|PSF|Python Software Foundation|HPND|Unlicense|Zlib|CC0|Public Domain|BSL|MIT-CMU|"
    r"Historical Permission|CNRI|Unicode|3-Clause|2-Clause|LLVM-exception)\b",
    re.IGNORECASE,
)
AUDIENCE = {"dev": "developers", "docs": "developers"}
PEERS = "bench"

KNOWN = {
    "docutils": (
        "Public Domain, PSF-2.0 and BSD-2-Clause",
        "only its Emacs mode, which nothing here uses, is under the GPL",
    ),
    "resvg-py": ("MIT", "by its licence file; the metadata name none"),
}
"""Licences that the metadata do not name, or name for parts that are not used; and why."""

BUNDLED = {
    "axe-core-python": "contains axe-core (MPL-2.0), unmodified; used by tests of pages alone",
    "certifi": "Mozilla's list of certificates, unmodified",
    "hypothesis": "used by tests alone, unmodified",
    "numpy": "wheels contain libgfortran and libquadmath (GPL-3.0 and LGPL with GCC's runtime exception)",
    "opencv-python-headless": "wheels contain FFmpeg (LGPL-2.1-or-later) as separate shared libraries, libgfortran and "
    "libquadmath (GPL-3.0 and LGPL with GCC's runtime exception)",
    "pathspec": "used by tools for developers alone, unmodified",
    "pi-heif": "wheels contain libheif and libde265 (LGPL-3.0) as separate shared libraries, and no encoder",
    "pyzmq": "wheels contain libzmq (MPL-2.0), unmodified",
    "scikit-learn": "wheels contain libgomp (GPL-3.0 with GCC's runtime exception)",
    "scipy": "wheels contain libgfortran and libquadmath (GPL-3.0 and LGPL with GCC's runtime exception)",
    "torch": "wheels contain libgomp (GPL-3.0 with GCC's runtime exception); builds for CUDA need NVIDIA's libraries "
    "(proprietary, free of charge)",
    "tqdm": "files of the first author are under MPL-2.0, unmodified; the others under MIT",
}
"""What to know of libraries inside wheels, and of weak copyleft."""

OF_CUDA = ("cuda-", "nvidia-")
"""Packages of NVIDIA's libraries, which builds of torch for CUDA install; the note on torch names them."""


HEAD = """# Licences of the dependencies

sketchfit is under Apache-2.0; pip installs the dependencies. This page is written by `make licences` from the metadata
of installed packages (Linux, Python 3.11, a CPU build of torch). The command fails where a licence is copyleft (GPL,
AGPL) or unknown. Peers that only benchmarks install (the extra `bench`) are left out. This is not legal advice.

"""

NOTES = """
## What to know
| package | judged | note |
| --- | --- | --- |
"""

ALL = """
Two readers of formats are not installed because of their licence: pillow-heif (its wheels contain x265, GPL-2.0), for
which pi-heif is used, and pillow-jxl-plugin (GPL-3.0). They are used where somebody installs them. Pretrained weights
have licences of their own: [candidates](scout.md#candidates).

## All
| package | licence | installed by |
| --- | --- | --- |
"""


@dataclass(frozen=True)
class Package:
    """A dependency: its licence, how it is judged, and the extras that install it (`core` for every installation)."""

    name: str
    licence: str
    kind: Kind
    extras: tuple[str, ...]

    @property
    def note(self) -> str:
        """What to know, empty for most."""
        return "; ".join(one for one in (KNOWN.get(self.name, ("", ""))[1], BUNDLED.get(self.name, "")) if one)


def judge(licence: str) -> Kind:
    """Judge a licence: an SPDX expression, or classifiers joined by `AND`; of alternatives the best one counts."""
    text = re.sub(r"[()]", " ", licence)
    alternatives = [[_judge_one(part) for part in re.split(r"\bAND\b", one)] for one in re.split(r"\bOR\b", text)]
    return min((max(parts, key=ORDER.index) for parts in alternatives), key=ORDER.index)


def _judge_one(name: str) -> Kind:
    if "GPL" in name and re.search(r"WITH\s+(GCC|Classpath|LLVM|Autoconf|Bison)[\w.-]*exception", name, re.IGNORECASE):
        return "permissive"
    if WEAK.search(name):
        return "weak copyleft"
    if STRONG.search(name):
        return "copyleft"
    return "permissive" if PERMISSIVE.search(name) else "unknown"


def licence_of(package: Distribution) -> str:
    """Return a package's licence: the SPDX expression, else the classifiers, else the first line of the text."""
    name, metadata = canonicalize_name(package.name), package.metadata
    if name in KNOWN:
        return KNOWN[name][0]
    if expression := metadata.get_all("License-Expression"):
        return str(expression[0])
    named = [one.rpartition(" :: ")[2] for one in metadata.get_all("Classifier") or () if one.startswith("License ::")]
    named = [one for one in named if one != "OSI Approved"]
    text = next(iter("".join(metadata.get_all("License") or ()).strip().splitlines()), "")
    return " AND ".join(named) if named else text or "not named"


def packages() -> list[Package]:
    """Return the dependencies of all extras that are installed, by name."""
    own = importlib.metadata.distribution("sketchfit")
    extras = sorted({*(own.metadata.get_all("Provides-Extra") or ())} - {PEERS})
    users: dict[str, list[str]] = {}
    for extra in ("", *extras):
        for name in _closure("sketchfit", {extra}):
            users.setdefault(name, []).append(extra or "core")
    found = []
    for name, ways in sorted(users.items()):
        if name.startswith(OF_CUDA):
            continue
        licence = licence_of(importlib.metadata.distribution(name))
        found.append(Package(name, licence, judge(licence), ("core",) if "core" in ways else tuple(ways)))
    return found


def _closure(name: str, extras: set[str]) -> set[str]:
    """Return the installed packages that a package with some extras needs, directly or not; without itself."""
    found: set[tuple[str, str]] = set()
    waiting = [(canonicalize_name(name), extra) for extra in extras]
    while waiting:
        this, extra = waiting.pop()
        if (this, extra) in found:
            continue
        try:
            requires = importlib.metadata.distribution(this).requires or ()
        except importlib.metadata.PackageNotFoundError:
            continue
        found.add((this, extra))
        for one in map(Requirement, requires):
            if one.marker is None or one.marker.evaluate({"extra": extra}):
                waiting += [(canonicalize_name(one.name), part) for part in ("", *one.extras)]
    return {one for one, _ in found} - {canonicalize_name(name)}


def page(found: Iterable[Package]) -> str:
    """Return the page of licences as Markdown."""
    every = list(found)
    rows = [f"| {one.name} | {_cell(one.licence)} | {_used(one.extras)} |" for one in every]
    notes = [
        f"| {one.name} | {one.kind} | {_cell(one.note)} |" for one in every if one.note or one.kind != "permissive"
    ]
    for_users = [one for one in every if set(one.extras) - set(AUDIENCE)]
    weak = [one.name for one in for_users if one.kind == "weak copyleft"]
    counts = f"No dependency is copyleft: {len(every)} packages, of which {len(for_users)} are for users."
    of_weak = f"Weak copyleft, for single files or libraries, of packages for users: {', '.join(weak) or 'none'}."
    return HEAD + f"{counts} {of_weak}\n" + NOTES + "\n".join(notes) + "\n" + ALL + "\n".join(rows) + "\n"


def _used(extras: tuple[str, ...]) -> str:
    direct = [one for one in extras if one not in AUDIENCE]
    return ", ".join(direct or sorted({AUDIENCE[one] for one in extras}))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> int:
    """Write the page to the file that is named; return 1 where a licence is copyleft or unknown."""
    found = packages()
    bad = [f"{one.name}: {one.licence} ({one.kind})" for one in found if one.kind in ("copyleft", "unknown")]
    if bad:
        print("\n".join(bad))
        return 1
    Path(sys.argv[1]).write_text(page(found), encoding="utf-8")
    print(f"{len(found)} packages, none copyleft: {sys.argv[1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
