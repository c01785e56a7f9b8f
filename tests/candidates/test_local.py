from __future__ import annotations

import pytest
import torch

from sketchfit.candidates.cost import count_cost
from sketchfit.candidates.local import architecture_of, from_file, weight_files
from sketchfit.errors import UserError


def test_a_file_whose_metadata_state_the_architecture(save_weights, tmp_path):
    path = save_weights(tmp_path / "mine.safetensors", "test_convnext", {"architecture": "test_convnext"})
    found = from_file(path)
    assert (found.name, found.backbone, found.weights) == ("mine", "test_convnext", str(path))
    assert (found.params, found.gmacs) == count_cost("test_convnext", found.input_size)
    assert found.licence == "unknown"
    assert found.sketch_top1 is None


def test_the_longest_name_with_which_a_file_begins(save_weights, tmp_path):
    # timm has test_vit, test_vit2 and test_vit3
    assert architecture_of(save_weights(tmp_path / "test_vit3_of_mine.safetensors", "test_vit3")) == "test_vit3"
    assert architecture_of(save_weights(tmp_path / "test_vit.safetensors", "test_vit")) == "test_vit"


def test_figures_of_the_same_architecture(save_weights, tmp_path):
    path = save_weights(tmp_path / "tf_efficientnet_lite0_drawings.safetensors", "tf_efficientnet_lite0")
    found = from_file(path)
    assert (found.imagenet_top1, found.sketch_top1, found.input_size) == (74.83, 24.375, 224)
    assert found.licence == "unknown"
    assert "other weights" in found.sources[0]


def test_a_file_that_is_named_with_a_tag(save_weights, tmp_path):
    path = save_weights(tmp_path / "resnet18.fb_swsl_ig1b_ft_in1k.safetensors", "resnet18")
    found = from_file(path)
    assert (found.licence, found.sketch_top1, found.backbone) == ("cc-by-nc-4.0", 35.866, "resnet18")
    assert found.non_commercial


@pytest.mark.parametrize("name", ["mine.safetensors", "test_resnetx.safetensors", "my_test_resnet.safetensors"])
def test_a_file_of_no_known_architecture(save_weights, tmp_path, name):
    path = save_weights(tmp_path / name)
    with pytest.raises(UserError) as error:
        from_file(path)
    assert str(path) in error.value.problems[0]
    assert "model.weights" in error.value.hint


def test_a_file_of_another_architecture(save_weights, tmp_path):
    path = save_weights(tmp_path / "test_vit_mine.safetensors", "test_resnet")
    with pytest.raises(UserError, match="does not fit test_vit"):
        from_file(path)


def test_it_leaves_the_random_state_unchanged(save_weights, tmp_path):
    path = save_weights(tmp_path / "test_resnet.safetensors")
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    from_file(path)
    assert torch.equal(torch.rand(2), expected)


def test_files_of_a_folder(save_weights, tmp_path):
    for name in ("b.safetensors", "a.pth", "notes.txt", "deeper/c.pth"):
        save_weights(tmp_path / name)
    assert [path.name for path in weight_files(tmp_path)] == ["a.pth", "b.safetensors"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="empty has no files of weights"):
        weight_files(tmp_path / "empty")
