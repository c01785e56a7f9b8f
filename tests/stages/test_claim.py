"""What a run claims, from the drawing of related families to the score."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sketchfit.api.predict import predict
from sketchfit.api.run import run
from sketchfit.api.score import score
from sketchfit.config.load import load_recipe
from sketchfit.data.folds import Fold
from sketchfit.errors import UserError
from sketchfit.files import read_json, write_json
from sketchfit.runs.artefacts import Relations
from sketchfit.runs.artefacts.claims import percent
from sketchfit.runs.run import Run
from sketchfit.stages.claim import complete_repeats, first_repeat
from sketchfit.stages.relate import named_groups
from sketchfit.stages.tables import load_table
from sketchfit.synthetic import DrawSettings, draw
from tests.factories import tiny_recipe

Cli = Callable[..., tuple[int, str, str]]
CLAIM: dict[str, Any] = {
    "claim": True,
    "audit": {"enabled": True, "html": False},
    "folds": {"k": 3},
    "model": {"input_size": 48},
    "training": {"epochs": 1},
}


@pytest.fixture(scope="module")
def families(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawings of families; the test drawings show other families, and all names contain the family."""
    out = tmp_path_factory.mktemp("families") / "data"
    draw(out, DrawSettings(classes=8, per_class=25, test_per_class=15, copies=0.0, families=5))
    return out


@pytest.fixture(scope="module")
def finished(families: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a claim and the page of its audit. Not to be changed by a test."""
    out = tmp_path_factory.mktemp("claimed") / "run"
    run(families, tiny_recipe(CLAIM), {"audit": {"html": True}}, out=out)
    return out


@pytest.fixture
def claimed(finished: Path, tmp_path: Path) -> Path:
    """A copy of `finished`."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


def test_related_rows_share_a_fold_and_the_claim_is_written(finished: Path) -> None:
    opened = Run.open(finished)
    relations, claim = opened.relations, opened.claim
    assert relations is not None
    assert claim is not None
    assert claim.grouping == relations.chosen
    page = (finished / "audit" / "index.html").read_text(encoding="utf-8")
    assert relations.chosen in page
    assert "not tested" not in page
    family = np.array([path.rpartition("/")[2].partition("-")[0] for path in opened.rows.paths])
    for name in np.unique(family):
        assert len(np.unique(opened.rows.fold[family == name])) == 1
    assert any(key.related and key.shared_with_test == 0 for key in relations.keys)
    assert claim.test_rows == 8 * 15
    assert claim.label_free is not None
    assert claim.expected.low < claim.expected.value < claim.expected.high


def test_the_same_run_again_reads_its_relations_and_claims_the_same(
    families: Path, finished: Path, claimed: Path
) -> None:
    run(families, tiny_recipe(CLAIM), {"audit": {"html": True}}, out=claimed)
    for place in ("audit/relations.json", "ensemble/claim.json"):
        assert (claimed / place).read_bytes() == (finished / place).read_bytes()


def test_score_compares_the_claim_with_the_truth(families: Path, claimed: Path) -> None:
    claim = Run.open(claimed).claim
    assert claim is not None
    found = score(claimed, families / "test_labels.csv")
    assert found.claimed == claim.expected
    assert found.holds is (claim.expected.low <= found.top1.value <= claim.expected.high)
    # A claim that is far off is named so.
    place = claimed / "ensemble" / "claim.json"
    content = read_json(place)
    content["expected"].update(value=0.99, low=0.98, high=1.0)
    write_json(place, content)
    wrong = score(claimed, families / "test_labels.csv")
    assert wrong.holds is False
    assert wrong.cause


def test_the_claim_is_shown_wherever_results_are_used(families: Path, claimed: Path, tmp_path: Path, cli: Cli) -> None:
    claim = Run.open(claimed).claim
    assert claim is not None
    status, printed, notes = cli("submit", claimed)
    assert status == 0
    assert printed.splitlines() == [str(claimed / "submission.csv")]
    assert notes.splitlines() == list(claim.lines())
    _, table, notes = cli("predict", claimed, families / "test")
    assert table.count("\n") == 1 + 8 * 15
    assert "120 new images, estimated without labels" in notes
    assert "WARNING" not in notes
    # New images contradict a claim that is far above the estimate of them.
    claim.model_copy(update={"single": 0.6, "single_error": 0.001}).write(claimed)
    _, table, notes = cli("predict", claimed, families / "test")
    assert "WARNING" in notes
    assert percent(claim.expected) in notes
    assert "WARNING" not in table
    # Unreadable images do not count.
    few = tmp_path / "few"
    shutil.copytree(families / "test", few)
    for path in sorted(few.iterdir())[:21]:
        path.write_bytes(b"nothing")
    assert "accuracy on" not in cli("predict", claimed, few)[2]
    (claimed / "ensemble" / "claim.json").unlink()
    assert cli("submit", claimed)[2] == ""


@pytest.mark.parametrize(
    "group",
    [
        "none",
        r"class/name:^m(\d+)-",
        *(pytest.param(one, marks=pytest.mark.slow) for one in ("near_duplicate", r"name:^m(\d+)-")),
    ],
)
def test_the_grouping_can_be_set_by_hand(families: Path, tmp_path: Path, group: str) -> None:
    run(families, tiny_recipe(CLAIM), {"folds": {"group": group}}, out=tmp_path / "run")
    opened = Run.open(tmp_path / "run")
    family = np.array([path.rpartition("/")[2].partition("-")[0] for path in opened.rows.paths])
    together = all(len(np.unique(opened.rows.fold[family == name])) == 1 for name in np.unique(family))
    assert together is ("name" in group)
    assert np.array_equal(opened.rows.copies, opened.rows.group) is ("name" not in group)
    assert opened.relations is not None
    assert opened.relations.setting == group


def test_a_grouping_that_the_table_lacks_is_refused_before_any_work(families: Path, tmp_path: Path, cli: Cli) -> None:
    for group in ("drawr", "name:^(", "name:^m", r"name:^(zzz)"):
        setting = f"folds.group={group}"
        status, _, errors = cli("run", families, "--recipe", "demo", "--out", tmp_path / "x", "--set", setting)
        assert status == 2
        assert "folds.group" in errors
        assert not (tmp_path / "x").exists()


def test_groups_are_known_before_decoding_where_names_give_them(families: Path) -> None:
    table = load_table(families, load_recipe(tiny_recipe()), with_folds=False)
    by_name = load_recipe(tiny_recipe({"folds": {"group": r"name:^m(\d+)-"}}))
    found = named_groups(by_name.folds, table)
    assert found is not None
    assert len(np.unique(found)) == 8 * 5
    assert named_groups(load_recipe(tiny_recipe({"folds": {"group": "cluster"}})).folds, table) is None


def test_the_folds_of_the_first_repeat_validate_each_row_once() -> None:
    parts = [Fold(number, np.arange(4), np.array(rows)) for number, rows in enumerate([[0, 1], [2, 3], [0, 2], [1, 3]])]
    assert [fold.number for fold in first_repeat(parts)] == [0, 1]
    assert first_repeat(parts[:1]) == tuple(parts[:1])


@pytest.mark.parametrize(
    "folds",
    [
        {"holdout": 0.3, "repeats": 2},
        {"k": 3, "repeats": 2, "train": [0, 4]},
        {"train": [1]},
        {"k": 3, "score": [1]},
        pytest.param({"k": 3, "repeats": 2}, marks=pytest.mark.slow),
    ],
)
def test_every_kind_of_folds_gives_a_claim(families: Path, tmp_path: Path, folds: dict[str, Any]) -> None:
    run(families, tiny_recipe(CLAIM), {"folds": folds}, out=tmp_path / "run")
    claim = Run.open(tmp_path / "run").claim
    assert claim is not None
    assert claim.expected.low <= claim.expected.value <= claim.expected.high
    assert claim.expected.high - claim.expected.low < 0.9
    complete = folds in ({"k": 3, "repeats": 2}, {"train": [1]}, {"k": 3, "score": [1]})
    assert (claim.label_free is not None) is complete
    if claim.label_free is not None:
        as_new = predict(tmp_path / "run", families / "test").attrs["accuracy"]
        assert as_new.value == pytest.approx(claim.label_free.accuracy.value, abs=2e-3)


def test_repeats_are_complete_where_each_validates_the_same_rows() -> None:
    parts = [Fold(number, np.arange(4), np.array(rows)) for number, rows in enumerate([[0, 1], [2, 3], [0, 2], [1, 3]])]
    assert complete_repeats(parts)
    assert complete_repeats(parts[:2])
    assert complete_repeats(parts[:1])
    assert not complete_repeats(parts[:3])
    assert not complete_repeats([parts[0], parts[2]])


def test_a_claim_does_not_outlive_its_predictions(families: Path, claimed: Path) -> None:
    assert (claimed / "ensemble" / "label_free.json").is_file()
    run(families, tiny_recipe(CLAIM), {"claim": {"enabled": False}, "calibration": {"method": "none"}}, out=claimed)
    again = Run.open(claimed)
    assert again.claim is None
    assert again.label_free is None
    assert predict(claimed, families / "test").attrs["accuracy"] is None
    run(families, tiny_recipe(CLAIM), out=claimed)
    assert Run.open(claimed).claim is not None


def test_changed_columns_are_not_read_from_an_earlier_start(families: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(families, data)
    table = pd.read_csv(data / "train.csv")
    recipe = tiny_recipe(CLAIM | {"folds": {"k": 3, "group": "drawer"}})
    for drawer in (np.arange(len(table)) % 20, np.arange(len(table)) // 10):
        table.assign(drawer=drawer).to_csv(data / "train.csv", index=False)
        shutil.rmtree(tmp_path / "run" / "members", ignore_errors=True)
        run(data, recipe, out=tmp_path / "run", fresh=not (tmp_path / "run").exists())
        rows = Run.open(tmp_path / "run").rows
        assert all(len(np.unique(rows.fold[drawer == one])) == 1 for one in np.unique(drawer))


def test_clusters_that_were_not_found_cannot_be_kept_together(families: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cluster"):
        run(families, tiny_recipe(CLAIM | {"claim": False}), {"folds": {"group": "cluster"}}, out=tmp_path / "run")


def test_unreadable_test_images_lower_the_claim(families: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(families, data)
    images = sorted((data / "test").iterdir())
    for image in images[: len(images) // 2]:
        image.write_bytes(b"damaged")
    run(data, tiny_recipe(CLAIM), out=tmp_path / "run")
    claim = Run.open(tmp_path / "run").claim
    assert claim is not None
    assert claim.test_rows == claim.expected.n == len(images)
    readable = claim.single + claim.averaging
    assert claim.expected.value == pytest.approx(readable / 2 + 1 / 8 / 2)


def test_relations_of_an_earlier_start_are_not_used_with_given_folds(families: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(families, data)
    table = pd.read_csv(data / "train.csv")
    table.assign(part=np.arange(len(table)) % 3).to_csv(data / "train.csv", index=False)
    run(data, tiny_recipe(CLAIM | {"folds": {"column": "part"}}), out=tmp_path / "run")
    stale = Relations(setting="auto", chosen="photo", reason="", choice_error=9.0)
    stale.write(tmp_path / "run")
    before = Run.open(tmp_path / "run").claim
    run(data, tiny_recipe(CLAIM | {"folds": {"column": "part"}}), out=tmp_path / "run")
    after = Run.open(tmp_path / "run").claim
    assert after == before
    assert after is not None
    assert "part" in after.grouping
