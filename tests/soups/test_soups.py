"""Soups of a finished run: their candidates, that none was trained on held-out rows, and their figures."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from sketchfit.api.predict import predict
from sketchfit.api.run import run
from sketchfit.config.load import load_recipe
from sketchfit.config.parse import member_recipes
from sketchfit.config.recipe import Recipe
from sketchfit.data.folds import Fold
from sketchfit.errors import UserError
from sketchfit.models.network import to_input
from sketchfit.runs.folder import RunFolder
from sketchfit.runs.networks import NetworkFolder
from sketchfit.soups.builder import mix
from sketchfit.soups.candidates import Candidate, check_unseen, gather, grouped
from sketchfit.synthetic import draw_dataset
from sketchfit.training.context import Member, RunContext
from sketchfit.transforms.augment import eval_augment
from tests.factories import open_context, tiny_recipe

RECIPE = tiny_recipe(
    {
        "folds": {"k": 3},
        "training": {"epochs": 1, "validate_every": 0},
        "transforms": {"policy": "none"},
        "tracking": {"progress": "plain"},
        "members": {
            "a": {},
            "b": {"optimizer": {"lr": 5e-4}},
            "c": {"transforms": {"policy": "flips"}},
            "wide": {"model": {"input_size": 40}},
            "other": {"model": {"backbone": "test_convnext"}},
        },
    }
)
Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with drawings in `data` and a finished run in `run`. Not to be changed by a test."""
    folder = tmp_path_factory.mktemp("soups")
    draw_dataset(folder / "data", classes=4, per_class=9, test_per_class=4, seed=2, copies=0.0)
    run(folder / "data", RECIPE, out=folder / "run")
    return folder


@pytest.fixture
def place(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of `finished` that the test may change."""
    return Path(shutil.copytree(finished, tmp_path_factory.mktemp("copy") / "place"))


@pytest.fixture(scope="module")
def opened(finished: Path) -> tuple[RunContext, dict[str, Member]]:
    return open_context(finished / "run", finished / "data", load_recipe(RECIPE))


@pytest.fixture(scope="module")
def candidates(finished: Path, opened: tuple[RunContext, dict[str, Member]]) -> list[Candidate]:
    context, members = opened
    return gather(context.run, members.values(), _folds(finished), 0)


def _folds(place: Path) -> list[Fold]:
    fold = pd.read_parquet(place / "run" / "folds.parquet")["fold"].to_numpy()
    return [Fold(k, np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(3)]


def _weights(path: Path) -> dict[str, torch.Tensor]:
    return load_file(path / "model.safetensors")


def _prob(path: Path) -> np.ndarray[Any, Any]:
    with np.load(path) as file:
        return np.asarray(file["prob"])


def test_weights_are_the_mean_and_statistics_those_of_the_fold_s_training_rows(
    place: Path, opened: tuple[RunContext, dict[str, Member]], candidates: list[Candidate]
) -> None:
    (context, members), fold, group = opened, _folds(place)[1], candidates[:3]
    networks = [one.networks[1] for one in group]
    member = members["a"]
    network = mix(context, member, fold, networks)
    states, found = [_weights(one.path) for one in networks], network.model.state_dict()
    learnt = [name for name, value in found.items() if value.is_floating_point() and "running" not in name]
    for name in learnt:
        by_hand = np.mean([state[name].double().numpy() for state in states], axis=0)
        np.testing.assert_allclose(found[name].numpy(), by_hand, atol=1e-6, err_msg=name)
    # The input of the first batch norm, by hand. Without augmentation and with 24 rows in three batches of equal size,
    # the mean over batches is the mean over rows.
    images = [
        eval_augment(32)(member.train.images[row], member.train.paper[row], np.random.default_rng(0))
        for row in fold.train
    ]
    half = network.normalisation
    pixels = to_input(torch.from_numpy(np.stack(images)), half, torch.device("cpu"), False)
    with torch.no_grad():
        outputs = network.model.conv1[0](pixels)  # type: ignore[index,union-attr,operator]
    name = next(name for name in found if name.endswith("running_mean"))
    assert name == "conv1.1.running_mean"
    np.testing.assert_allclose(found[name].numpy(), outputs.mean(dim=(0, 2, 3)).numpy(), atol=1e-5)
    averaged = np.mean([state[name].numpy() for state in states], axis=0)
    assert np.abs(averaged - found[name].numpy()).max() > 1e-3  # they were computed again


def test_candidates_that_can_not_be_averaged_have_a_reason(candidates: list[Candidate]) -> None:
    groups, apart = grouped(candidates)
    assert [[one.name for one in group] for group in groups] == [["a", "b", "c"], ["wide"], ["other"]]
    assert apart["wide"] == "another input size (40 px; a: 32 px)"
    assert apart["other"] == "another architecture (test_convnext; a: test_resnet)"
    first = candidates[0]
    for change, words in (
        ({"model": {"args": {"act_layer": "silu"}}}, "other model.args (act_layer)"),
        ({"model": {"head": "cosine"}}, "another head (cosine; a: linear)"),
        ({"data": {"size": 64}}, "images stored in another size or way (data)"),
    ):
        recipe = member_recipes(load_recipe(RECIPE, change))["a"]
        assert grouped([first, _with_recipe(first, recipe)])[1] == {"x": words}
    dropping = member_recipes(load_recipe(RECIPE, {"model": {"drop_rate": 0.2}}))["a"]
    assert not grouped([first, _with_recipe(first, dropping)])[1]


def _with_recipe(candidate: Candidate, recipe: Recipe) -> Candidate:
    return replace(candidate, name="x", member=replace(candidate.member, recipe=recipe))


def test_shapes_and_entries_that_differ_are_named(candidates: list[Candidate], tmp_path: Path) -> None:
    from safetensors.torch import save_file

    first = candidates[0]
    state = _weights(first.networks[0].path)
    for change, words in (
        ({"fc.weight": torch.zeros(5, state["fc.weight"].shape[1])}, "another shape of fc.weight (5 ×"),
        ({"extra": torch.zeros(1)}, "other entries, among them extra, which x alone has"),
        ({}, "another mean, deviation or padding of its input"),
    ):
        save_file({**state, **change}, tmp_path / "model.safetensors", {"mean": "0.1 0.1 0.1"})
        ((name, reason),) = grouped([first, replace(first, name="x", networks=(NetworkFolder(tmp_path),) * 3)])[
            1
        ].items()
        assert (name, reason[: len(words)]) == ("x", words)


def test_a_candidate_that_has_learnt_from_held_out_rows_is_refused(place: Path, candidates: list[Candidate]) -> None:
    folds, (honest, other, *_) = _folds(place), candidates
    check_unseen([honest, other], 2, folds[2], 36)
    leaky = replace(other, learnt=(*other.learnt[:2], np.concatenate([folds[2].train, folds[2].valid[:2]])))
    check_unseen([honest, leaky], 1, folds[1], 36)
    with pytest.raises(UserError, match=r"b/fold2 was trained on 2 of the 12 rows of fold 2"):
        check_unseen([honest, leaky], 2, folds[2], 36)
    whole = replace(honest, name="a+refit", learnt=tuple(np.arange(36) for _ in folds))
    with pytest.raises(UserError, match="a\\+refit/fold0 was trained on 12 of the 12"):
        check_unseen([honest, whole], 0, folds[0], 36)


def test_the_figures_of_a_uniform_soup_are_those_of_its_files(
    place: Path, cli: Cli, opened: tuple[RunContext, dict[str, Member]]
) -> None:
    folder, answers = RunFolder(place / "run"), (place / "run" / "submission.csv").read_text()
    status, out, _ = cli("soup", folder.path)
    assert status == 0
    assert "uniform soup of a, b, c: " in out
    assert "soup: other is not averaged with a: it has another architecture (test_convnext; a: test_resnet)" in out
    assert "no out-of-fold figure can be given for it" in out
    assert folder.submission.read_text() == answers  # the recipe does not use it
    content = json.loads((folder.ensemble / "soup.json").read_text())
    (found,) = content["members"]
    assert found["candidates"] == found["taken"] == ["a", "b", "c"]
    assert content["folds"]["a"]["source"] == "a+soup"
    assert content["folds"]["wide"]["source"] == "wide"
    assert content["folds"]["a"]["out_of_fold"] is None

    # The figure is that of the files, each fold's rows by a network that is the mean of three that never saw them.
    label, folds = opened[0].table.label, _folds(place)
    right = []
    for fold in folds:
        path = folder.fold("a+soup", fold.number)
        with np.load(path / "oof.npz") as file:
            assert file["row"].tolist() == fold.valid.tolist()
            right += (file["prob"].argmax(axis=1) == label[fold.valid]).tolist()
        parts = [_weights(folder.fold(name, fold.number))["fc.weight"] for name in "abc"]
        torch.testing.assert_close(_weights(path)["fc.weight"], sum(parts) / 3)
    assert found["nested"]["value"] == found["naive"]["value"] == pytest.approx(np.mean(right))
    mean_right = [
        np.mean([_prob(folder.fold(name, k) / "oof.npz") for name in "abc"], axis=0).argmax(axis=1)
        == label[folds[k].valid]
        for k in range(3)
    ]
    assert found["mean_of_probabilities"]["value"] == pytest.approx(np.mean(mean_right))
    parts = [_weights(folder.fold("a+soup", k))["fc.weight"] for k in range(3)]
    whole = folder.fold("a+soup+folds", 0)
    torch.testing.assert_close(_weights(whole)["fc.weight"], sum(parts) / 3)
    folds_mean = np.mean([_prob(folder.fold("a+soup", k) / "test.npz") for k in range(3)], axis=0)
    same = _prob(whole / "test.npz").argmax(axis=1) == folds_mean.argmax(axis=1)
    assert content["folds"]["a"]["agreement_with_folds_mean"]["value"] == pytest.approx(same.mean())


def test_what_is_missing_is_made_again_and_nothing_else(place: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, made = RunFolder(place / "run"), list[Path]()
    first = cli("soup", folder.path)[1]
    before = _weights(folder.fold("a+soup", 1))

    def watched(context: RunContext, member: Member, fold: Fold, networks: list[NetworkFolder]) -> Any:
        made.append(context.run.fold(member.name, fold.number))
        return mix(context, member, fold, networks)

    monkeypatch.setattr("sketchfit.soups.builder.mix", watched)
    (folder.fold("a+soup", 1) / "done.json").unlink()  # as if killed just before it was written
    status, again, _ = cli("soup", folder.path)
    assert status == 0
    assert made == [folder.fold("a+soup", 1)]
    after = _weights(folder.fold("a+soup", 1))
    assert all(torch.equal(after[name], value) for name, value in before.items())
    lines = [[line for line in text.splitlines() if "soup of" in line or " over " in line] for text in (first, again)]
    assert lines[0] == lines[1]
    assert len(lines[0]) >= 4


def test_a_greedy_soup_reports_naive_and_nested(place: Path, cli: Cli) -> None:
    folder = RunFolder(place / "run")
    status, out, _ = cli("soup", folder.path, "--members", "greedy", "--no-folds")
    assert status == 0
    assert "naive, where the rows that are scored chose" in out
    content = json.loads((folder.ensemble / "soup.json").read_text())
    (found,) = content["members"]
    assert set(found["taken_by_part"]) == {"0", "1", "2"}
    assert content["folds"] == {}
    assert found["naive"]["value"] >= max(
        np.mean([
            (_prob(folder.fold(name, fold.number) / "oof.npz").argmax(axis=1)
             == pd.read_parquet(folder.folds)["label"].to_numpy()[fold.valid]).mean()
            for fold in _folds(place)
        ])
        for name in "abc"
    )  # fmt: skip


@pytest.mark.parametrize("use", ["members", "folds"])
def test_a_soup_predicts_where_the_recipe_uses_it(place: Path, cli: Cli, use: str) -> None:
    folder = RunFolder(place / "run")
    settings = [f"soup.use={use}", "soup.force=true", "ensemble.method=mean", "ensemble.force=true"]
    status, out, _ = cli("soup", folder.path, *(part for one in settings for part in ("--set", one)))
    assert status == 0
    names = ["a", "wide", "other"]
    assert sorted(json.loads((folder.ensemble / "weights.json").read_text())["weights"]) == sorted(names)
    views = json.loads((folder.ensemble / "views.json").read_text())
    networks: list[np.ndarray[Any, Any]] = []
    for name in names:
        base = "a+soup" if name == "a" else name
        assert views[name]["folder"] == (base if use == "members" else f"{base}+folds")
        paths = [folder.fold(base, k) for k in range(3)] if use == "members" else [folder.fold(f"{base}+folds", 0)]
        networks.append(np.mean([_prob(path / "test.npz") for path in paths], axis=0))
    expected = np.mean(networks, axis=0)
    np.testing.assert_allclose(_prob(folder.ensemble / "test.npz"), expected, atol=1e-6)
    frame = predict(folder.path, place / "data" / "test.csv")
    np.testing.assert_allclose(frame["probability"].astype(float), expected.max(axis=1), atol=2e-6)
    assert ("it predicts the test rows (soup.use=folds)" in out) == (use == "folds")
    status, _, _ = cli("soup", folder.path, "--set", "soup.use=none")
    assert sorted(json.loads((folder.ensemble / "weights.json").read_text())["weights"]) == sorted(RECIPE["members"])


def test_nothing_to_average_is_printed(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    alone = {**RECIPE, "members": {}, "folds": {"holdout": 0.3}, "soup": {"members": "uniform", "folds": True}}
    run(place / "data", alone, out=tmp_path / "run")
    out = capsys.readouterr().out
    assert "no two candidates can be averaged" in out
    assert "one fold was trained" in out


def test_students_of_pseudo_labels_are_candidates(place: Path, tmp_path: Path) -> None:
    settings: dict[str, Any] = {
        "pseudo_label": {"enabled": True, "threshold": 0.0, "force": True},
        "soup": {"members": "uniform", "use": "members", "force": True},
        "inference": {"views": ["hflip"]},
    }
    alone, out = {**RECIPE, "members": {}}, tmp_path / "run"

    def soup_and_views() -> tuple[dict[str, Any], dict[str, Any]]:
        (found,) = json.loads((out / "ensemble" / "soup.json").read_text())["members"]
        return found, json.loads((out / "ensemble" / "views.json").read_text())["test_resnet"]

    run(place / "data", alone, settings, out=out)
    found, views = soup_and_views()
    assert found["candidates"] == ["test_resnet", "test_resnet+pseudo1"]
    assert views["folder"] == "test_resnet+soup"
    assert [view["name"] for view in views["tried"]] == ["hflip"]
    assert (RunFolder(out).fold("test_resnet+soup", 0) / "oof_views.npz").is_file()

    done = run(
        place / "data", alone, {**settings, "soup": {"members": "greedy", "use": "members", "force": True}}, out=out
    )
    found, views = soup_and_views()
    assert views["tried"] == []  # other choices of candidates would choose other views
    assert done.top1.value == pytest.approx(found["nested"]["value"])
