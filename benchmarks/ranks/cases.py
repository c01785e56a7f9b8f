"""What is compared between several processes and one: batches of different sizes, and everything that weighs rows."""

from __future__ import annotations

from typing import Any

from benchmarks.ranks.update import Case

_NORMS: dict[str, Any] = {"model": {"backbone": "test_resnet"}, "compute": {"sync_batch_norm": True}}
_LARGE = {"model": {"backbone": "test_resnet", "input_size": 64}, "compute": {"sync_batch_norm": True}}
_MIXUP = {"transforms": {"mixing": {"mixup_alpha": 0.4}}}
_CUTMIX = {"transforms": {"mixing": {"cutmix_alpha": 1.0, "box": "ink", "p": 0.9}}}
_WEIGHTS = {"loss": {"class_weights": "balanced", "smoothing": 0.2}, "training": {"accumulation": 3}}

CASES = {
    "batch of 6": Case({}, 6, wide=True),
    "batch of 5": Case({}, 5, wide=True),
    "batch of 3": Case({}, 3, wide=True),
    "batch of 1: some processes have no row": Case({}, 1, wide=True),
    "class weights, smoothing, 3 batches per update": Case(_WEIGHTS, 5, wide=True),
    "balanced sampling": Case({"training": {"sampling": "balanced"}}, 5, wide=True),
    "mixup": Case(_MIXUP, 5, wide=True),
    "CutMix at ink": Case(_CUTMIX, 3, wide=True),
    "mixup with weights and a teacher": Case(_MIXUP, 5, weighed=True, teacher=True, wide=True),
    "weights of rows": Case({}, 5, weighed=True, wide=True),
    "supervised contrast": Case({"loss": {"supcon": 0.5}}, 5, wide=True),
    "supervised contrast, batch of 1": Case({"loss": {"supcon": 0.5}}, 1, wide=True),
    "ASAM": Case({"optimizer": {"sam": "asam"}}, 5, wide=True),
    "batch norm, synchronised": Case(_NORMS, 5, wide=True),
    "batch norm, synchronised, SAM": Case(_NORMS | {"optimizer": {"sam": "sam"}}, 3, wide=True),
    "batch norm, synchronised, batch of 1": Case(_LARGE, 1, wide=True),
}
"""By name, in float64; gradients of one process and of several differ by rounding alone."""
