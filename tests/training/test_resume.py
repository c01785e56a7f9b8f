"""A training stopped at any update ends, when started again, with the very same weights and history."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from sketchfit.training import fit as fit_module

LEVERS = {
    "plain": {},
    "resizing a ViT": {
        "model": {"backbone": "test_vit"},
        "training": {"resize": [{"until": 1, "size": 16, "batch_size": "auto"}, {"until": 3, "size": 48}]},
    },
    "resizing a hybrid": {
        "model": {"backbone": "test_coatnet", "input_size": 64, "drop_rate": 0.2},
        "training": {"epochs": 3, "resize": [{"until": 2, "size": 32}]},
    },
    "curriculum": {
        "transforms": {
            "curriculum": [
                {"until": 1, "policy": "none"},
                {"until": 3, "policy": "flips_rotation", "lr_scale": 0.5},
                {"policy": "light", "lr_scale": 0.1},
            ],
            "mixing": {"mixup_alpha": 0.4, "cutmix_alpha": 1.0, "end": 0.7},
        },
        "model": {"drop_rate": 0.3},
    },
    "unfreezing": {"model": {"freeze": {"train": "gradual", "gradual_epochs": 1}}, "optimizer": {"layer_decay": 0.7}},
    "probe, balanced, accumulated": {
        "training": {"epochs": 6, "probe": True, "sampling": "balanced", "accumulation": 2},
        "averaging": {"wise_ft": 0.5, "ema": False},
    },
    "lora": {"model": {"backbone": "test_vit", "lora": 2}, "training": {"grad_checkpointing": True}},
    "swa and lookahead": {"averaging": {"swa": True, "swa_start": 0.5}, "optimizer": {"lookahead": True, "sam": "sam"}},
    "plateau, best": {
        "schedule": {"name": "plateau", "plateau_patience": 0},
        "training": {"checkpoint": "best", "early_stopping": 3},
    },
}


class Killed(Exception):
    pass


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def history(job):
    rows = (job.folder / "history.csv").read_text().splitlines()
    return [line.split(",")[:6] for line in rows]  # without the times


@pytest.mark.parametrize("kill_at", [7, pytest.param(10, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", LEVERS)
def test_stopped_and_started_again_it_is_the_same_training(tiny_job, train, monkeypatch, name, kill_at):
    settings = {**LEVERS[name], "training": {"checkpoint_minutes": 1e-9, **LEVERS[name].get("training", {})}}
    whole = tiny_job(settings)
    expected = train(whole)

    stopped = replace(whole, folder=whole.folder.with_name("stopped"))
    real, done = fit_module.update, 0

    def mortal(*args):
        nonlocal done
        done += 1
        if done == kill_at:
            raise Killed
        return real(*args)

    with monkeypatch.context() as patch:
        patch.setattr(fit_module, "update", mortal)
        with pytest.raises(Killed):
            train(stopped)
    assert (stopped.folder / "last.ckpt").is_file()
    assert same(train(stopped), expected)
    assert history(stopped) == history(whole)
