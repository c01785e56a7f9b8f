from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import sketchfit


def test_a_class_name_has_one_meaning() -> None:
    files = Path(sketchfit.__file__).parent.rglob("*.py")
    classes = (node for file in files for node in ast.parse(file.read_text(encoding="utf-8")).body)
    names = Counter(node.name for node in classes if isinstance(node, ast.ClassDef) and not node.name.startswith("_"))
    assert len(names) > 100
    assert [name for name, count in names.items() if count > 1] == []
