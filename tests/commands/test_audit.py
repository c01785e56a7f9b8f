"""`sketchfit audit`: related rows on the console, in the files and on the page, and why they were not tested."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from sketchfit.runs.artefacts import Relations
from sketchfit.synthetic import DrawSettings, draw
from tests.factories import Cli, tiny_recipe


@pytest.fixture(scope="module")
def families(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawings of families; the names contain the family."""
    out = tmp_path_factory.mktemp("families") / "data"
    draw(out, DrawSettings(classes=6, per_class=20, test_per_class=10, copies=0.0, families=4))
    return out


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    changes = {"claim": True, "folds": {"k": 3}, "model": {"input_size": 64}, "tracking": {"progress": "plain"}}
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(tiny_recipe(changes)), encoding="utf-8")
    return path


def test_related_rows_are_named_everywhere(families: Path, recipe: Path, tmp_path: Path, cli: Cli) -> None:
    status, text, errors = cli("audit", families, "--recipe", recipe, "--html", tmp_path / "out")
    assert status == 0, errors
    found = Relations.read_file(tmp_path / "out" / "relations.json")
    related = [key.name for key in found.keys if key.related]
    assert any(name.startswith("name:") for name in related)
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    for name in related:
        assert name in text + errors
        assert name in page
    assert found.chosen in page
    assert "not tested" not in page
    # The same audit without features has no relations, and leaves none of an earlier one.
    status, text, errors = cli(
        "audit", families, "--recipe", recipe, "--html", tmp_path / "out", "--set", "claim=false"
    )
    assert status == 0, errors
    assert "claim.enabled" in text + errors
    assert not (tmp_path / "out" / "relations.json").exists()
    assert "claim.enabled is off" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("setting", "reason"), [("model.pretrained=true", "cannot be downloaded"), ("folds.column=fold", "folds.column")]
)
def test_the_audit_works_without_features(
    families: Path, recipe: Path, tmp_path: Path, cli: Cli, setting: str, reason: str
) -> None:
    changes = [setting, "model.backbone=resnet18"] if setting.startswith("model") else [setting]
    data = families
    if setting.startswith("folds"):
        data = _with_folds(families, tmp_path / "data")
    arguments = [part for change in changes for part in ("--set", change)]
    status, text, errors = cli("audit", data, "--recipe", recipe, "--html", tmp_path / "out", *arguments)
    assert status == 0, errors
    (line,) = [line for line in (text + errors).splitlines() if "not tested:" in line]
    assert reason in line
    assert reason in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert not (tmp_path / "out" / "relations.json").exists()
    assert json.loads((tmp_path / "out" / "findings.json").read_text(encoding="utf-8"))["table"]["rows"]["train"] == 120


def _with_folds(source: Path, out: Path) -> Path:
    """The same data with a column `fold` in the training table."""
    import shutil

    shutil.copytree(source, out)
    table = out / "train.csv"
    lines = table.read_text(encoding="utf-8").splitlines()
    table.write_text("\n".join([lines[0] + ",fold", *(f"{line},{k % 3}" for k, line in enumerate(lines[1:]))]) + "\n")
    return out
