from __future__ import annotations

import pytest

from sketchfit.candidates.origin import WeightsOrigin, weights_origin
from sketchfit.config.model import ModelSection


@pytest.mark.parametrize(
    ("backbone", "name", "licence"),
    [
        ("resnet18.a1_in1k", "resnet18.a1_in1k", "apache-2.0"),
        ("resnet18.fb_swsl_ig1b_ft_in1k", "resnet18.fb_swsl_ig1b_ft_in1k", "cc-by-nc-4.0"),
        ("mobilenetv2_100", "mobilenetv2_100.ra_in1k", "apache-2.0"),  # timm's first tag is the default one
    ],
)
def test_weights_of_timm(backbone, name, licence):
    assert weights_origin(ModelSection(backbone=backbone)) == WeightsOrigin(name, licence)


def test_random_weights_have_no_licence():
    found = weights_origin(ModelSection(backbone="resnet18.a1_in1k", pretrained=False))
    assert found == WeightsOrigin(None, None)
    assert found.known


def test_a_file_named_with_a_tag_has_its_licence(save_weights, tmp_path):
    path = save_weights(tmp_path / "resnet18.fb_swsl_ig1b_ft_in1k.safetensors", "resnet18")
    found = weights_origin(ModelSection(backbone="resnet18", weights=str(path)))
    assert found == WeightsOrigin("resnet18.fb_swsl_ig1b_ft_in1k.safetensors", "cc-by-nc-4.0")


def test_a_file_that_states_its_licence(save_weights, tmp_path):
    path = save_weights(tmp_path / "resnet18.a1_in1k.safetensors", metadata={"licence": "cc-by-nc-4.0"})
    assert weights_origin(ModelSection(weights=str(path))).licence == "cc-by-nc-4.0"


@pytest.mark.parametrize("name", ["mine", "resnet18.no_such_tag", "no_such_model.a1_in1k", "resnet18.fold{fold}"])
def test_other_files_have_no_known_licence(tmp_path, name):
    found = weights_origin(ModelSection(weights=str(tmp_path / f"{name}.safetensors")))
    assert found == WeightsOrigin(f"{name}.safetensors", None)
    assert not found.known
