"""Which backbones have batch norms, by the layers that timm builds."""

from __future__ import annotations

import pytest

from sketchfit.models.norm_kind import has_batch_norms


@pytest.mark.parametrize(
    ("backbone", "expected"),
    [
        ("mobilenetv2_100", True),
        ("tf_efficientnet_lite0.in1k", True),
        ("resnet18", True),
        ("hgnetv2_b0", True),
        ("levit_128s", True),
        ("convnext_atto", False),
        ("vit_tiny_patch16_224", False),
        ("swin_tiny_patch4_window7_224", False),
        ("caformer_s18", False),
        ("nfnet_f0", False),
    ],
)
def test_the_kind_of_a_backbone(backbone: str, expected: bool) -> None:
    assert has_batch_norms(backbone) is expected
