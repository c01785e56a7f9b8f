from __future__ import annotations

import math

import pytest

from sketchfit.planning.ladder import (
    COPIES,
    LEAST_COPIES,
    PLAIN,
    TRANSFER,
    PlannedBackbone,
    ladder,
    measured_priors,
)
from sketchfit.training.map_cache import MOST_BYTES

SMALL = PlannedBackbone("small", {"backbone": "mobilenetv2_100"}, 224, cost=0.3, prior=0.0)
LARGE = PlannedBackbone("large", {"backbone": "resnet50"}, 224, cost=4.0, prior=0.1)


def _ladder(*backbones: PlannedBackbone):
    return ladder(backbones, on_gpu=False, views=("hflip",), mirrored=False)


def test_the_first_answer_is_that_of_the_cheapest_backbone_at_a_small_size():
    rungs = _ladder(LARGE, SMALL)
    assert (rungs[0].name, rungs[0].kind, rungs[0].size) == ("small-128-bank", "bank", 128)
    assert [rung.name for rung in rungs if rung.kind == "bank" and not rung.filler] == [
        "small-128-bank",
        "large-128-bank",
        "small-224-bank",
        "large-224-bank",
    ]
    assert len({rung.name for rung in rungs}) == len(rungs)


def test_networks_are_small_middle_and_large():
    networks = [rung for rung in _ladder(SMALL) if rung.kind == "network"]
    assert [rung.size for rung in networks if not rung.follows] == [128, 160, 224]
    assert [(rung.name, rung.follows, rung.settings["seed"]) for rung in networks if "small-128-" in rung.name][:2] == [
        ("small-128-seed1", "small-128", 1),
        ("small-128-seed2", "small-128-seed1", 2),
    ]
    assert PlannedBackbone("v", {"backbone": "vit_tiny_patch16_224"}, 224).sizes == (224,)
    assert PlannedBackbone("m", {"backbone": "mixer_b16_224"}, 224).sizes == (224,)
    assert PlannedBackbone("t", {"backbone": "resnet18"}, 32).sizes == (32,)


@pytest.mark.parametrize(("images", "expected"), [(100, COPIES), (20_000, 4), (150_000, LEAST_COPIES)])
def test_the_stored_outputs_of_a_member_fit_into_their_cache(images: int, expected: int):
    rungs = ladder([SMALL], on_gpu=False, views=(), mirrored=False, images=images)
    copies = next(rung.copies for rung in rungs if rung.name == "small-224")
    assert copies == expected
    mobilenet = 96 * (224 // 16) ** 2 * 2  # bytes of a picture's output
    assert copies == LEAST_COPIES or (copies + PLAIN) * images * mobilenet <= MOST_BYTES


def test_members_that_are_trained_again_do_not_have_the_seed_of_the_run():
    rungs = ladder([SMALL], on_gpu=False, views=(), mirrored=False, seed=1)
    assert [rung.settings["seed"] for rung in rungs if rung.name.startswith("small-128-seed")] == [2, 3, 4, 5]


def test_measured_features_replace_published_accuracy():
    rungs = _ladder(SMALL, LARGE)
    assert measured_priors(rungs, {"small-128-bank": 0.5}) == {"small": 0.0, "large": 0.1}
    found = measured_priors(rungs, {"small-128-bank": 0.5, "large-128-bank": 0.75, "small-224-bank": 0.9})
    assert found["large"] - found["small"] == pytest.approx((1 - TRANSFER) * 0.1 + TRANSFER * math.log(2))


def fine_tuned(figures: dict[str, tuple[float, float]]) -> set[str]:
    """Return the names of the backbones that are fine-tuned, of some with these costs and priors."""
    backbones = [PlannedBackbone(name, {"backbone": name}, 128, *both) for name, both in figures.items()]
    rungs = ladder(backbones, on_gpu=False, views=(), mirrored=False)
    return {rung.backbone.name for rung in rungs if rung.kind == "network"}


def test_the_cheapest_and_the_best_backbones_are_fine_tuned():
    figures = {"cheap": (0.1, -0.2), "good": (0.4, 0.1), "better": (0.5, 0.2), "worse": (0.6, -0.1)}
    assert fine_tuned(figures) == {"cheap", "good", "better"}


def test_of_backbones_that_are_about_as_good_the_cheaper_ones_are_fine_tuned():
    """MobileNetV2 and EfficientNet-Lite0 to Lite2."""
    figures = {"cheap": (0.3, -0.1), "good": (0.385, -0.016), "better": (0.6, 0.013), "dear": (0.86, -0.012)}
    assert fine_tuned(figures) == {"cheap", "good", "better"}
    unknown = {name: (0.0, prior) for name, (_, prior) in figures.items()}
    assert fine_tuned(unknown) == {"cheap", "better", "dear"}


def test_backbones_that_are_much_better_are_worth_their_cost():
    figures = {"cheap": (0.3, -0.11), "good": (0.385, -0.02), "residual": (4.1, 0.61), "transformer": (4.4, 0.6)}
    assert fine_tuned(figures) == {"cheap", "residual", "transformer"}
