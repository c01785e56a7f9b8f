from __future__ import annotations

import pytest

from sketchfit.candidates import find, find_candidates
from sketchfit.candidates.table import shipped_candidates
from sketchfit.errors import UserError

LICENCE_NC = "resnet18.fb_swsl_ig1b_ft_in1k"


@pytest.fixture
def cached(monkeypatch):
    """Set which tags are in the local cache, and whether the hub can be reached."""

    def set_to(names, online=False):
        def has_cached(section):
            if section.backbone not in names and not online:
                raise UserError(f"{section.backbone} cannot be downloaded")
            return section.backbone in names

        monkeypatch.setattr(find, "is_cached", lambda section: section.backbone in names)
        monkeypatch.setattr(find, "has_cached_weights", has_cached)

    return set_to


def test_a_folder_and_a_file_of_it(save_weights, tmp_path):
    one, two = save_weights(tmp_path / "test_resnet_a.safetensors"), save_weights(tmp_path / "test_resnet_b.pth.pt")
    two.unlink()
    two = save_weights(tmp_path / "test_vit.safetensors", "test_vit")
    found = find_candidates([str(two), str(tmp_path)])
    assert [found_one.weights for found_one in found] == [str(two), str(one)]


def test_equal_names_get_a_number(save_weights, tmp_path):
    for folder in ("one", "two"):
        save_weights(tmp_path / folder / "test_resnet.safetensors")
    found = find_candidates([str(tmp_path / "one"), str(tmp_path / "two")])
    assert [one.name for one in found] == ["test_resnet", "test_resnet-2"]
    assert found[0].weights != found[1].weights


def test_names_of_timm(cached):
    cached(["tf_efficientnet_lite0.in1k", "test_resnet.r160_in1k"])
    shipped, other = find_candidates(["tf_efficientnet_lite0", "test_resnet.r160_in1k"])
    assert shipped in shipped_candidates()
    assert (other.backbone, other.weights, other.sketch_top1) == ("test_resnet.r160_in1k", None, None)
    assert 0.1 < other.params < 1
    with pytest.raises(UserError, match="cannot be downloaded"):
        find_candidates(["resnet50"])
    with pytest.raises(UserError, match="no model 'resnet51'"):
        find_candidates(["resnet51"])
    with pytest.raises(UserError, match="does not exist"):
        find_candidates(["nowhere/resnet50.safetensors"])


def test_a_licence_that_is_not_allowed(cached):
    cached([LICENCE_NC])
    with pytest.raises(UserError, match="cc-by-nc"):
        find_candidates([LICENCE_NC])
    assert [one.name for one in find_candidates([LICENCE_NC], allow_noncommercial=True)] == [LICENCE_NC]


def test_without_a_request_and_a_network_those_in_the_cache(cached, caplog):
    cached(["edgenext_small.usi_in1k", "mobilenetv2_100.ra_in1k", LICENCE_NC])
    with caplog.at_level("INFO"):
        assert [one.name for one in find_candidates()] == ["mobilenetv2_100.ra_in1k", "edgenext_small.usi_in1k"]
    assert "2 of" in caplog.text
    assert LICENCE_NC in [one.name for one in find_candidates((), allow_noncommercial=True)]


def test_without_a_request_and_with_a_network_the_table(cached):
    cached([], online=True)
    assert find_candidates((), allow_noncommercial=True) == list(shipped_candidates())
    assert not any(one.non_commercial for one in find_candidates())


def test_nothing_at_hand(cached):
    cached([])
    with pytest.raises(UserError) as error:
        find_candidates()
    assert "--candidates" in error.value.hint
