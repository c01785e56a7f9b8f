from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from sketchfit.errors import UserError
from sketchfit.reporting.evidence import read_evidence
from sketchfit.runs.run import Run
from sketchfit.runs.table import write_training_rows
from sketchfit.tracking.history import write_history
from tests.factories import make_relations


def test_a_run_gives_everything_that_is_stored(old):
    run = Run.open(old / "run")
    assert (run.kind, run.name, list(run.members)) == ("run", "run", ["a", "b"])
    assert run.recipe.training.epochs == 4
    assert run.members["b"].seed == 1
    assert run.table.class_names == ("apple", "cherry", "flower", "sun")
    assert run.rows.paths[0].startswith("train/")
    assert (run.rows.label.shape, run.rows.folds.shape, run.rows.grouped) == ((40,), (1, 40), True)
    assert (run.oof().prob.shape, run.test().prob.shape) == ((40, 4), (12, 4))
    assert [step.name for step in run.steps][2:4] == ["a", "b"]
    assert run.views is not None
    assert run.views.members["a"].names == ("identity",)
    assert run.rule is not None
    assert run.rule.weights == {"a": 0.5, "b": 0.5}
    assert run.calibration is not None
    assert run.calibration.temperature == pytest.approx(148.413, abs=1e-3)
    assert run.soup is not None
    assert run.soup.members[0].candidates == ("a", "b")
    assert run.pseudo_labels is not None
    assert run.pseudo_labels.kept == 0
    assert list(run.students) == ["a+distilled"]
    assert next(iter(run.students.values())).loss.distill > 0
    assert run.environment is not None
    assert run.findings is not None
    assert run.traits is not None
    assert len(run.traits) == 52
    assert run.sources is None
    assert list(run.trained) == ["a", "b"]
    assert list(run.histories) == list(run.seconds) == ["a/fold0", "a/fold1", "b/fold0", "b/fold1"]
    assert run.history("a", 1)["epoch"].tolist() == [1, 2, 3, 4]
    assert repr(run) == f"Run({str(old / 'run')!r}: run, 4 classes, 40 train rows, 12 test rows)"


def test_groups_of_an_older_run_are_copies_where_no_other_relation_was_chosen(old):
    assert np.array_equal(Run.open(old / "run").rows.copies, Run.open(old / "run").rows.group)
    make_relations().write(old / "run")
    assert Run.open(old / "run").rows.copies is None
    assert read_evidence(old / "run").copies.tolist() == list(range(40))
    assert Run.open(old / "both").rows.copies is None


def test_copies_and_groups_of_the_rows_are_stored(old):
    run = Run.open(old / "run")
    copies = np.arange(40) // 2 * 2
    write_training_rows(run.folder.folds, replace(run.rows, copies=copies))
    assert Run.open(run.path).rows.copies.tolist() == copies.tolist()
    assert np.array_equal(Run.open(run.path).rows.group, run.rows.group)


def test_probabilities_of_a_member_are_those_of_its_networks(old):
    run = Run.open(old / "run")
    oof = run.oof("b")
    assert oof.row.tolist() == list(range(40))
    for network in run.networks("b"):
        part = network.probabilities("oof")
        assert np.array_equal(oof.at(part.row), part.prob)
    mean = np.mean([one.probabilities("test").prob.astype(np.float64) for one in run.networks("b")], axis=0)
    assert np.array_equal(run.test("b").prob, mean.astype(np.float32))
    assert len(run.networks("a+soup")) == 2


def test_views_of_another_network_are_not_read(old):
    network = Run.open(old / "run").networks("a")[0]
    views = network.views("oof", network.done.fingerprint)
    assert sorted(views) == ["hflip", "rotate+8"]
    assert network.views("oof", "another") == {}
    network.write_views("oof", "another", views)
    assert np.array_equal(network.views("oof", "another")["hflip"], views["hflip"])


def test_a_fit_has_no_out_of_fold_rows(old):
    run = Run.open(old / "fit", kind="fit")
    assert [run.rule, run.views, run.calibration, run.steps, run.student] == [None, None, None, (), None]
    assert len(run.networks("test_resnet")) == 1
    with pytest.raises(UserError) as caught:
        run.oof()
    assert "sketchfit fit" in caught.value.hint
    with pytest.raises(UserError):
        _ = run.rows


def test_an_ensemble_names_its_sources(old):
    run = Run.open(old / "both", kind="ensemble")
    assert run.sources is not None
    assert list(run.sources.submissions.values()) == [0.5]
    assert run.trained == {}


@pytest.mark.parametrize(("name", "kind"), [("run", "fit"), ("fit", "run"), ("both", "run")])
def test_another_kind_is_refused(old, name, kind):
    with pytest.raises(UserError) as caught:
        Run.open(old / name, kind=kind)
    assert f"sketchfit {kind}" in caught.value.problems[0]


def test_no_run_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(UserError) as caught:
            Run.open(path)
        assert str(path) in caught.value.problems[0]


def test_a_run_of_a_newer_version_is_refused(old):
    path = old / "run" / "state.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99}))
    with pytest.raises(UserError) as caught:
        Run.open(old / "run")
    assert "newer" in caught.value.problems[0]


@pytest.mark.parametrize("content", ["a: [", "text", "- 1", "model: {backbone: 5}", "nothing_like_it: 1"])
def test_a_damaged_recipe_is_named(old, content):
    path = old / "run" / "recipe.yaml"
    path.write_text(content)
    with pytest.raises(UserError) as caught:
        _ = Run.open(old / "run").recipe
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("name", ["oof.npz", "test.npz"])
def test_an_unfinished_run_says_what_it_lacks(old, name):
    (old / "run" / "ensemble" / name).unlink()
    run = Run.open(old / "run")
    with pytest.raises(UserError) as caught:
        getattr(run, name.partition(".")[0])()
    assert str(run.path) in caught.value.problems[0]


def test_unknown_members_and_damaged_rows_are_named(old):
    run = Run.open(old / "run")
    with pytest.raises(UserError) as caught:
        run.oof("c")
    assert "c" in caught.value.problems[0].split()
    run.folder.folds.write_bytes(b"PAR1")
    with pytest.raises(UserError) as caught:
        _ = run.rows
    assert str(run.folder.folds) in caught.value.problems[0]


def test_an_unfinished_student_is_not_given(old):
    (old / "run" / "derived" / "a+distilled" / "fold1" / "done.json").unlink()
    with pytest.raises(UserError) as caught:
        _ = Run.open(old / "run").students
    assert "fold1" in caught.value.problems[0]


def test_data_that_moved_with_the_run_is_found(old, tmp_path):
    run = Run.open(old / "run")
    assert run.table.root == run.table.source == old / "data"
    shutil.move(old / "data", tmp_path / "elsewhere")
    assert str(Run.open(old / "run").table.root) == json.loads((old / "run" / "state.json").read_text())["data"]


def test_a_table_below_the_data_moves_with_it(old):
    path = old / "run" / "state.json"
    stored = json.loads(path.read_text())
    path.write_text(json.dumps(stored | {"source": stored["data"] + "/train.csv"}))
    assert Run.open(old / "run").table.source == old / "data" / "train.csv"


def test_a_run_is_opened_without_torch(old):
    script = """
import sys
from sketchfit import Run
run = Run.open(sys.argv[1])
assert run.recipe and run.members and run.students and run.steps and len(run.oof()) and len(run.rows.label)
print([name for name in ("torch", "timm", "accelerate", "cv2", "scipy") if name in sys.modules])
"""
    command = [sys.executable, "-c", script, str(old / "run")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_a_network_without_epochs_has_an_empty_history(old):
    history = old / "run" / "members" / "a" / "fold0" / "history.csv"
    write_history(history, [])
    assert Run.open(old / "run").histories["a/fold0"].empty
    history.write_bytes(b"")
    with pytest.raises(UserError):
        _ = Run.open(old / "run").histories
