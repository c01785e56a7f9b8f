"""The data and the command of the bar in which labels are reviewed."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.config.data import DataSection
from sketchfit.config.load import load_recipe
from sketchfit.data.review import review_table
from sketchfit.reporting.review import ReviewedRows, ReviewTarget, review_data, review_of_data, review_of_run
from sketchfit.runs.artefacts import CopyOf, Environment, RunPlan
from sketchfit.runs.run import Run
from sketchfit.visible import people_csv
from tests.factories import make_table, write_run

ROWS = ReviewedRows(
    ("train/a/0.png", "train/a/1.png", "train/b/0.png"), np.array([0, 0, 1]), ("apple", "bee"), ("0", "1")
)


def _command(target: ReviewTarget) -> list[str]:
    words = review_data(target, ROWS)["command"]
    return shlex.split(" ".join("FILE" if word is None else word for word in words))


def test_the_command_repeats_the_run_with_its_recipe_in_a_new_folder(tmp_path: Path) -> None:
    run = write_run(tmp_path / "my run", tmp_path / "data")
    folder, data = str(tmp_path / "my run"), str(tmp_path / "data")
    review = ["--exclude", "FILE", "--relabel", "FILE", "--out"]
    start = ["sketchfit", "run", data, "--recipe", f"{folder}/recipe.yaml", *review]
    assert _command(review_of_run(Run.open(run))) == [*start, f"{folder}-reviewed"]
    (tmp_path / "my run-reviewed").mkdir()
    assert _command(review_of_run(Run.open(run))) == [*start, f"{folder}-reviewed-2"]


def test_paths_inside_the_working_folder_are_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are sent to others: they need not know where the folder is."""
    monkeypatch.chdir(tmp_path)
    run = write_run(tmp_path / "run", tmp_path / "data")
    for target in (review_of_run(Run.open(run)), review_of_data(tmp_path / "data", load_recipe("cpu"), "id")):
        assert target.command[:3] == ("sketchfit", "run", "data")
        assert str(tmp_path) not in str(review_data(target, ROWS))


def test_a_run_with_a_deadline_keeps_its_time_and_its_candidates(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", tmp_path / "data")
    RunPlan(seconds=1080).write(run)
    command = "sketchfit run d --time 18m --candidates resnet18 --candidates 'my w' --allow-noncommercial"
    Environment(python="3.11", command=command).write(run)
    words = _command(review_of_run(Run.open(run)))
    given = words[words.index("--time") : words.index("--exclude")]
    assert given == ["--time", "1080s", "--candidates", "resnet18", "--candidates", "my w", "--allow-noncommercial"]


def test_a_snapshot_names_the_folder_that_it_was_copied_from(tmp_path: Path) -> None:
    copy = write_run(tmp_path / "copy" / "run", tmp_path / "data")
    CopyOf(folder=tmp_path / "here" / "run").write(copy)
    words = _command(review_of_run(Run.open(copy)))
    assert str(tmp_path / "here" / "run" / "recipe.yaml") in words
    assert not any("copy" in word for word in words)


def test_a_data_set_is_read_with_the_settings_of_its_audit(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("image_path\n")
    changes = ["data.image_column='file name'", f"data.exclude={tmp_path}/old.csv", "data.follow_links=true"]
    recipe = load_recipe("cpu", changes)
    words = _command(review_of_data(tmp_path, recipe, "id"))
    settings = [words[place + 1] for place, word in enumerate(words) if word == "--set"]
    assert load_recipe("cpu", settings).data == recipe.data.model_copy(update={"exclude": None})


def test_decisions_of_an_earlier_review_are_kept(tmp_path: Path) -> None:
    earlier = tmp_path / "earlier.csv"
    earlier.write_text("image_path,decision\na/1.png,bee\ngone.png,exclude\nb/0.png,\n")
    section = DataSection(exclude=str(earlier), relabel=str(earlier))
    found = review_data(ReviewTarget("run", "key", (), section), ROWS)
    assert dict(found["earlier"]) == {"train/a/1.png": 1, "gone.png": "exclude"}
    assert found["missing"] == ""


def test_a_lost_file_of_an_earlier_review_is_stated(tmp_path: Path) -> None:
    section = DataSection(relabel=str(tmp_path / "lost.csv"))
    found = review_data(ReviewTarget("run", "key", (), section), ROWS)
    assert found["earlier"] == []
    assert "lost.csv" in found["missing"]


NAMES = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=8).map(str.strip).filter(bool)


@given(names=st.lists(NAMES, min_size=2, max_size=4, unique_by=lambda name: name.casefold()), data=st.data())
def test_the_text_of_each_class_and_image_is_read_back(
    names: list[str], data: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    images = data.draw(st.lists(NAMES, min_size=2 * len(names), max_size=2 * len(names), unique=True))
    label = np.repeat(np.arange(len(names)), 2)
    table = make_table(
        train={f"{image}.png": int(one) for image, one in zip(images, label, strict=True)}, class_names=tuple(names)
    )
    rows = ReviewedRows(table.train.paths, table.label, table.class_names, table.class_labels)
    setup = review_data(ReviewTarget("run", "key", ()), rows)
    file = tmp_path_factory.mktemp("review") / "review.csv"
    for place, path in enumerate(table.train.paths[::2]):
        wanted = (place + 1) % len(names)
        text = setup["texts"][wanted]
        if not text:
            continue
        line = [setup["images"].get(path, path), "", "", "", "", "review", text]
        file.write_text(people_csv(setup["columns"], [line]), encoding="utf-8")
        reviewed = review_table(table, DataSection(exclude=str(file), relabel=str(file)))
        assert reviewed.label.tolist() == [*label[: 2 * place], wanted, *label[2 * place + 1 :]]
