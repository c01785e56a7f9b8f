"""Check that only `sketchfit.runs` names `recipe.yaml`, the file that other code must read through `Run.open`.

    python tools/check_run_files.py

Ruff's TID251 does the same for `numpy.load`.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "src" / "sketchfit"
NAME = "recipe.yaml"


def sites(source: Path) -> list[str]:
    """`file:line` of each string outside `runs/` that is the file's name or a path that ends with it."""
    found = []
    for path in sorted(source.rglob("*.py")):
        if path.relative_to(source).parts[0] == "runs":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.split("/")[-1] == NAME:
                found.append(f"{path.relative_to(source)}:{node.lineno}")
    return found


if __name__ == "__main__":
    for site in (wrong := sites(SOURCE)):
        print(f"{site}: {NAME} is read and written in runs/ only")
    sys.exit(bool(wrong))
