from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from sketchfit.config.policies import build, list_policies, policy_of, policy_problems
from sketchfit.config.transforms import TransformsSection
from sketchfit.errors import UserError
from sketchfit.transforms.augment import Augment, augment_for, eval_augment
from sketchfit.transforms.resample import resize
from sketchfit.transforms.rng import sample_rng

WINNER = [
    {"until": 0.25, "policy": "none"},
    {"until": 0.5, "policy": "flips_rotation", "lr_scale": 0.5},
    {"policy": "flips_rotation_distort", "lr_scale": 0.25},
]


@pytest.mark.parametrize("name", list_policies())
def test_every_shipped_policy_is_a_pure_function_also_in_threads(name, drawing):
    image, paper = drawing
    section = TransformsSection(policy=name)
    assert not list(policy_problems(section))
    augment = augment_for(section, 64, 0, 1)

    def draw(sample: int) -> bytes:
        out = augment(image, paper, sample_rng(1, 2, sample))
        assert out.shape == (64, 64, image.shape[2])
        assert out.dtype == np.uint8
        return out.tobytes()

    alone = [draw(sample) for sample in range(24)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(draw, range(24))) == alone
    assert [draw(sample) for sample in reversed(range(24))] == alone[::-1]
    if name != "none":
        assert len(set(alone)) > 1


@pytest.mark.parametrize(
    "name", sorted(set(list_policies()) - {"randaugment", "trivialaugment", "autoaugment", "augmix"})
)
def test_drawings_keep_their_ink_under_shipped_policies(name, drawn):
    """Half of the strokes' strength is still there on average, and no drawing vanishes."""
    image, paper = drawn(1, 146)
    augment = augment_for(TransformsSection(policy=name), 128, 0, 1)
    whole = np.abs(eval_augment(128)(image, paper, sample_rng(0, 0, 0)).astype(int) - int(paper[0]))
    shares = []
    for sample in range(60):
        out = augment(image, paper, sample_rng(0, 0, sample)).astype(int)
        ground = np.bincount(out.reshape(-1)).argmax()
        shares.append((np.abs(out - ground) > 40).sum() / (whole > 40).sum())
    assert np.mean(shares) > 0.6
    assert min(shares) > 0.15


def test_none_is_the_evaluations_picture(drawing):
    image, paper = drawing
    for size in (96, 64, 128):
        seen = eval_augment(size)(image, paper, sample_rng(0, 0, 0))
        assert np.array_equal(
            augment_for(TransformsSection(policy="none"), size, 0, 1)(image, paper, sample_rng(0, 0, 0)), seen
        )
        assert np.array_equal(seen, resize(image, size))
    assert np.array_equal(eval_augment(96)(image, paper), image)


def test_pictures_needn_t_be_square():
    image, paper = np.zeros((50, 80, 3), np.uint8), np.full(3, 255, np.uint8)
    for name in ("light", "distort"):
        assert augment_for(TransformsSection(policy=name), 32, 0, 1)(image, paper, sample_rng(0, 0, 0)).shape == (
            32,
            32,
            3,
        )


def test_tone_changes_are_fused_without_a_difference(drawn):
    image, paper = drawn(3)
    specs = [
        {"op": "brightness_contrast"},
        {"op": "paper"},
        {"op": "invert", "p": 1},
        {"op": "ink"},
        {"op": "gamma"},
        {"op": "fade"},
    ]
    ops = build(specs)
    fused = Augment(ops, 96)(image, paper, np.random.default_rng(4))
    rng = np.random.default_rng(4)
    u = rng.random(sum(1 + op.draws for op in ops)).tolist()
    step, at = image, 0
    for op in ops:
        table = op.table(3, paper, u[at + 1 : at + 1 + op.draws])
        at += 1 + op.draws
        lanes = [table if table.ndim == 1 else table[:, c] for c in range(3)]
        step = np.stack([lanes[c][step[..., c]] for c in range(3)], axis=2)
        paper = np.array([lanes[c][paper[c]] for c in range(3)], np.uint8)
    assert np.array_equal(fused, step)


def test_probability_of_one_operation_doesn_t_move_anothers_draw(drawn):
    image, paper = drawn(1)
    first = Augment(build([{"op": "invert", "p": 0}, {"op": "rotate"}]), 96)(image, paper, np.random.default_rng(0))
    second = Augment(build([{"op": "invert", "p": 1}, {"op": "rotate"}]), 96)(image, paper, np.random.default_rng(0))
    assert np.abs(first.astype(int) + second - 255).max() <= 1


def test_curriculum_chooses_policy_and_rate_by_epoch():
    section = TransformsSection.model_validate({"curriculum": WINNER})
    assert not list(policy_problems(section))
    names = [[op.op for op in policy_of(section, epoch, 8)] for epoch in range(8)]
    assert names[:2] == [[], []]
    assert names[2:4] == [["hflip", "rotate"]] * 2
    assert names[4:] == [["hflip", "rotate", "elastic", "grid_distortion"]] * 4
    assert [section.lr_scale_at(epoch, 8) for epoch in range(8)] == [1, 1, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25]


def test_stages_by_epoch_number_and_after_the_last():
    section = TransformsSection.model_validate(
        {"curriculum": [{"until": 1, "policy": "none"}, {"until": 3, "policy": "flips", "lr_scale": 0.1}]}
    )
    assert [section.stage(epoch, 5) for epoch in range(5)] == [0, 1, 1, 1, 1]
    assert TransformsSection().lr_scale_at(3, 5) == 1


@pytest.mark.parametrize(
    "stages",
    [
        [{"until": 3, "policy": "none"}, {"until": 2, "policy": "none"}],
        [{"policy": "none"}, {"until": 2, "policy": "none"}],
        [{"until": 1.5, "policy": "none"}],
        [{"until": 0, "policy": "none"}],
    ],
)
def test_impossible_curricula(stages):
    with pytest.raises(ValueError, match=r"until|share|epoch"):
        TransformsSection.model_validate({"curriculum": stages})


def test_mixing_ends():
    section = TransformsSection.model_validate({"mixing": {"mixup_alpha": 0.2, "end": 0.75}})
    assert [section.mixes_at(epoch, 8) for epoch in range(8)] == [True] * 6 + [False] * 2
    assert not TransformsSection().mixes_at(0, 8)


def test_override_drop_and_add():
    section = TransformsSection.model_validate(
        {
            "policy": "light",
            "override": {"rotate": {"degrees": [3, 4]}},
            "drop": ["erase"],
            "add": [{"op": "noise", "p": 0.1}],
        }
    )
    assert not list(policy_problems(section))
    ops = {op.op: op for op in policy_of(section)}
    assert ops["rotate"].degrees == (3, 4)
    assert "erase" not in ops
    assert list(ops)[-1] == "noise"


def test_override_reaches_into_a_pick():
    section = TransformsSection(policy="sketch", override={"thin": {"radius": [0.1, 0.2]}}, drop=("fade",))
    assert not list(policy_problems(section))
    pick = policy_of(section)[-1]
    assert {op.op: op for op in pick.of}["thin"].radius == (0.1, 0.2)
    assert "fade" not in {op.op for op in pick.of}


def test_policy_from_a_file_and_inline(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("- {op: hflip}\n- {op: rotate, degrees: [-3, 3]}\n")
    inline = [{"op": "hflip"}, {"op": "rotate", "degrees": [-3, 3]}]
    assert policy_of(TransformsSection(policy=str(path))) == policy_of(TransformsSection(policy=inline))
    assert [op.op for op in policy_of(TransformsSection(policy={"op": "hflip"}))] == ["hflip"]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"policy": "ligth"}, "nearest is 'light'"),
        ({"policy": [{"op": "rotat"}]}, "nearest is 'rotate'"),
        ({"policy": [{"op": "rotate", "degree": [1, 2]}]}, "nearest is 'degrees'"),
        ({"policy": [{"op": "crop", "area": [1, 0.5]}]}, r"\[lowest, highest\]"),
        ({"policy": [{"op": "augmix", "depth": [3, 1]}]}, r"\[lowest, highest\]"),
        ({"policy": [{"op": "augmix", "depth": [-1, 1]}]}, "at least 0"),
        ({"policy": [{"op": "hflip", "p": 2}]}, "'hflip', key 'p'"),
        ({"policy": [{"op": "perspective", "shift": [-0.4, 0.4]}]}, "quarter of the side"),
        ({"policy": [{"op": "scale", "factor": [0, 1]}]}, "'scale', key 'factor'"),
        ({"policy": [{"p": 1}]}, "must have the form"),
        ({"policy": [{"op": "pick", "of": [{"op": "thinn"}]}]}, "nearest is 'thin'"),
        ({"policy": "light", "override": {"rotatee": {"degrees": [1, 2]}}}, "nearest is 'rotate'"),
        ({"policy": "light", "drop": ["elastic"]}, "no operation 'elastic'"),
        ({"policy": "light", "add": [{"op": "nois"}]}, "nearest is 'noise'"),
        ({"curriculum": [{"until": 1, "policy": "none"}, {"policy": "flipz"}]}, "nearest is 'flips'"),
    ],
)
def test_mistakes_name_what_was_meant(keys, message):
    problems = list(policy_problems(TransformsSection.model_validate(keys)))
    assert any(re.search(message, problem) for problem in problems)


def test_a_policy_is_a_name_or_a_list_of_mappings():
    with pytest.raises(ValueError, match="policy"):
        TransformsSection.model_validate({"policy": ["hflip"]})


def test_all_mistakes_are_named_together():
    with pytest.raises(UserError) as caught:
        build([{"op": "rotat"}, {"op": "hflip", "q": 1}, {"op": "crop", "area": "big"}])
    assert len(caught.value.problems) == 3


def test_broken_file(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text("- {op: hflip")
    with pytest.raises(UserError, match="not valid YAML"):
        policy_of(TransformsSection(policy=str(path)))
    path.write_text("op: hflip")
    with pytest.raises(UserError, match="must be a list"):
        policy_of(TransformsSection(policy=str(path)))
