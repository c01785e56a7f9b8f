"""A teacher's probabilities on their way into the loss: by row, mixed like the targets, in every pass, after a stop."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, softmax

from sketchfit.config.transforms import MixingSection
from sketchfit.models.network import Normalisation
from sketchfit.training import fit as fit_module
from sketchfit.training import step
from sketchfit.training.engine import make_engine
from sketchfit.training.job import SoftTargets, TeacherTargets
from sketchfit.training.loader import DataLoader, _mixed
from sketchfit.training.micro import Micro
from sketchfit.training.plan import make_plan
from sketchfit.training.state import start, wrap

BY_LABEL = np.array(
    [[0.7, 0.1, 0.1, 0.1], [0.2, 0.5, 0.2, 0.1], [0.0, 0.0, 0.4, 0.6], [0.3, 0.3, 0.3, 0.1]], np.float32
)
HALF = Normalisation((0.5,) * 3, (0.5,) * 3)


def taught(job, weight=1.0, prob=None):
    """The job with a teacher: by its labels where no probabilities of the training rows are given."""
    loss = job.recipe.loss.model_copy(update={"distill": weight, "distill_temperature": 2.0})
    rows = np.sort(job.train_rows)
    teacher = TeacherTargets(rows, BY_LABEL[job.label[rows]] if prob is None else prob)
    return replace(job, recipe=job.recipe.model_copy(update={"loss": loss}), teacher=teacher)


class Draws:
    """A generator whose draws are known: mixup, the batch in reverse, a quarter kept."""

    def random(self, count):
        return np.zeros(count) + 0.5

    def permutation(self, count):
        return np.arange(count)[::-1].copy()

    def beta(self, _a, _b):
        return 0.25


def test_mixed_by_hand():
    teacher = torch.tensor([[0.8, 0.2], [0.4, 0.6]])
    micro = Micro(torch.zeros(2, 3, 4, 4), torch.eye(2), torch.arange(2), torch.tensor([1.0, 0.2]), teacher)
    mixed = _mixed(micro, MixingSection(mixup_alpha=1.0, p=1.0), Draws())
    torch.testing.assert_close(mixed.targets, torch.tensor([[0.25, 0.75], [0.75, 0.25]]))
    torch.testing.assert_close(mixed.weight, torch.tensor([0.4, 0.8]))
    torch.testing.assert_close(mixed.teacher, torch.tensor([[0.5, 0.5], [0.7, 0.3]]))


@pytest.mark.parametrize("mixing", [{}, {"mixup_alpha": 0.4, "p": 1.0}, {"cutmix_alpha": 1.0, "p": 1.0}])
def test_a_teacher_that_is_a_function_of_the_label_is_the_same_function_of_the_mixed_target(tiny_job, mixing):
    job = taught(tiny_job({"transforms": {"mixing": mixing}}))
    engine = make_engine(job.recipe.compute)
    epoch = make_plan(job.recipe, len(job.train_rows)).epochs[0]
    micros = [group[0] for group in DataLoader(job, HALF, engine).updates(epoch)]
    assert len(micros) == 4
    for micro in micros:
        torch.testing.assert_close(micro.teacher, micro.targets @ torch.from_numpy(BY_LABEL))
    assert any(((micro.targets > 0).sum(dim=1) > 1).any() for micro in micros) == bool(mixing)


def test_beside_soft_targets(tiny_job):
    job = tiny_job()
    rows = np.sort(job.train_rows)
    soft = SoftTargets(rows[:3], BY_LABEL[:3], np.full(3, 0.5, np.float32))
    job = replace(taught(job, prob=np.eye(4, dtype=np.float32)[np.arange(len(rows)) % 4]), soft=soft)
    epoch = make_plan(job.recipe, len(rows)).epochs[0]
    micros = [group[0] for group in DataLoader(job, HALF, make_engine(job.recipe.compute)).updates(epoch)]
    order = np.concatenate([micro.teacher.argmax(dim=1).numpy() for micro in micros])
    assert np.bincount(order).tolist() == [8, 8, 8, 8]
    weights = torch.cat([micro.weight for micro in micros])
    assert int((weights == 0.5).sum()) == 3


def test_a_row_without_a_teacher_is_refused(tiny_job):
    job = tiny_job()
    with pytest.raises(ValueError, match="1 training row has no teacher"):
        replace(taught(job), train_rows=np.append(job.train_rows, job.valid_rows[0]))
    with pytest.raises(ValueError, match="have no teacher"):
        replace(taught(job), teacher=None)


def test_the_loss_of_a_batch_against_a_reference(tiny_job):
    job = taught(tiny_job({"loss": {"smoothing": 0.0}}), weight=0.3)
    engine = make_engine(job.recipe.compute)
    state = start(job, engine, None)
    wrap(state, engine, job.recipe)
    epoch = make_plan(job.recipe, len(job.train_rows)).epochs[0]
    micro = next(DataLoader(job, HALF, engine).updates(epoch))[0]
    value, _, logits = step._loss(state, micro, engine)
    x, teacher = logits.detach().numpy().astype(np.float64), micro.teacher.numpy().astype(np.float64)
    softened = softmax(np.log(np.maximum(teacher, 1e-38)) / 2, axis=1)
    follow = 4 * (softened * (np.log(np.maximum(softened, 1e-300)) - log_softmax(x / 2, axis=1))).sum(axis=1)
    label = -log_softmax(x, axis=1)[np.arange(len(x)), micro.label.numpy()]
    assert value.item() == pytest.approx((0.7 * label + 0.3 * follow).mean(), rel=1e-5)


@pytest.mark.parametrize(
    "levers",
    [{}, {"optimizer": {"sam": "sam"}}, {"loss": {"r_drop": 0.5}, "model": {"drop_rate": 0.3}}],
    ids=["plain", "sam", "r_drop"],
)
def test_with_the_whole_weight_on_the_teacher_labels_do_not_matter_in_any_pass(tiny_job, train, levers):
    short = {"training": {"epochs": 1, "validate_every": 0}, "transforms": {"mixing": {"mixup_alpha": 0.4, "p": 1.0}}}
    job = taught(tiny_job({**short, **levers}))
    first = train(job)
    again = train(replace(job, label=(job.label + 1) % 4, folder=job.folder.with_name("labels")))
    assert all(torch.equal(first[name], again[name]) for name in first)
    turned = TeacherTargets(job.teacher.row, np.roll(job.teacher.prob, 1, axis=1))
    other = train(replace(job, teacher=turned, folder=job.folder.with_name("teacher")))
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_stopped_and_started_again_it_is_the_same_student(tiny_job, train, monkeypatch):
    settings = {
        "training": {"epochs": 3, "checkpoint_minutes": 1e-9, "accumulation": 2},
        "transforms": {"mixing": {"mixup_alpha": 0.4, "cutmix_alpha": 1.0}},
        "optimizer": {"sam": "sam"},
    }
    whole = taught(tiny_job(settings), weight=0.6)
    expected = train(whole)
    stopped = replace(whole, folder=whole.folder.with_name("stopped"))
    real, done = fit_module.update, 0

    def mortal(*args):
        nonlocal done
        done += 1
        if done == 4:
            raise KeyboardInterrupt
        return real(*args)

    with monkeypatch.context() as patch:
        patch.setattr(fit_module, "update", mortal)
        with pytest.raises(KeyboardInterrupt):
            train(stopped)
    assert (stopped.folder / "last.ckpt").is_file()
    resumed = train(stopped)
    assert all(torch.equal(resumed[name], expected[name]) for name in expected)
