"""The audit of a run, and of the command."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from sketchfit.config.load import load_recipe
from sketchfit.errors import UserError
from sketchfit.stages.audit import find_groups
from sketchfit.stages.tables import load_table
from tests.factories import make_context


def test_external_data_are_checked_again_when_a_run_continues(drawn: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    page = np.full((120, 90), 255, dtype=np.uint8)
    cv2.polylines(page, [np.array([[9, 99], [40, 15], [80, 70], [12, 44], [77, 108]])], False, 0, 3)
    cv2.imwrite(str(outside / "new.png"), page)
    recipe = load_recipe("demo", {"audit": {"external": [str(outside)], "html": False}})
    table = load_table(drawn, recipe, with_folds=False)
    context = make_context(tmp_path, recipe, table)
    first = find_groups(context, ["store"])
    again = find_groups(context, ["store"])
    assert first is not None
    assert again is not None
    assert np.array_equal(first, again)
    shutil.copy(drawn / table.test.paths[0], outside / "leak.JPEG")
    with pytest.raises(UserError, match=r"leak\.JPEG"):
        find_groups(context, ["store"])


def test_the_page_is_written_to_the_given_path(
    cli: Callable[..., tuple[int, str, str]], drawn: Path, tmp_path: Path
) -> None:
    for out, page in ((tmp_path / "a", tmp_path / "a" / "index.html"), (tmp_path / "b" / "look.html",) * 2):
        code, text, _ = cli("audit", drawn, "--html", out)
        assert code == 0
        assert "near-duplicates:" in text
        found = json.loads((page.parent / "findings.json").read_text(encoding="utf-8"))
        assert all((drawn / path).is_file() for group in found["near_duplicates"]["groups"] for path in group)
        assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_run_may_find_copies_first_and_the_rest_later(drawn: Path, tmp_path: Path) -> None:
    table = load_table(drawn, load_recipe("demo"), with_folds=False)
    folder, groups, seen = tmp_path / "audit", [], []
    for detail in ("copies", "all", "copies"):
        context = make_context(tmp_path, load_recipe("demo", {"audit": {"detail": detail}}), table)
        groups.append(find_groups(context, ["store"]))
        seen.append([(folder / name).is_file() for name in ("findings.json", "traits.parquet", "index.html")])
    assert seen == [[True, False, False], [True, True, True], [True, False, False]]
    assert all(np.array_equal(groups[0], one) for one in groups[1:])
