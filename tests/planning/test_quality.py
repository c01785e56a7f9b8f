from __future__ import annotations

import pytest

from sketchfit.planning.quality import quality_seconds


@pytest.mark.parametrize(
    ("quality", "images", "cores", "on_gpu", "seconds"),
    [
        ("fast", 1000, 2, False, 90.0),
        ("good", 10_000, 2, False, 1200.0),
        ("best", 10_000, 2, False, 7980.0),
        ("best", 10_000, 4, False, 4020.0),
        ("good", 10_000, 2, True, 300.0),
    ],
)
def test_times_follow_the_images_and_the_machine(quality, images: int, cores: int, on_gpu: bool, seconds: float):
    assert quality_seconds(quality, images, cores=cores, on_gpu=on_gpu) == pytest.approx(seconds, abs=30.0)
    assert quality_seconds(quality, images, cores=cores, on_gpu=on_gpu) % 30 == 0
