from __future__ import annotations

import pytest

from sketchfit._timm import timm
from sketchfit.candidates.cost import count_cost
from sketchfit.candidates.table import published, shipped_candidates, with_tag


def test_each_row_is_a_tag_of_timm_with_its_licence():
    rows = shipped_candidates()
    assert len({one.name for one in rows}) == len(rows) > 40
    for one in rows:
        config = timm.get_pretrained_cfg(one.backbone)
        assert one.backbone in timm.list_pretrained(one.architecture)
        assert one.licence == config.license
        assert one.input_size == config.input_size[-1]


def test_published_figures_are_percents_with_a_source():
    for one in shipped_candidates():
        assert all(10 < figure < 100 for figure in (one.imagenet_top1, one.sketch_top1) if figure is not None)
        assert one.sources
        if one.imagenet_top1 is not None and one.sketch_top1 is not None:
            assert one.sketch_top1 < one.imagenet_top1


@pytest.mark.parametrize("name", ["mobilenetv2_100.ra_in1k", "edgenext_small.usi_in1k"])
def test_costs_are_those_of_the_network(name):
    row = with_tag(name)
    assert row is not None
    params, gmacs = count_cost(name, row.input_size)
    assert row.params == pytest.approx(params, abs=5e-4)
    assert row.gmacs == pytest.approx(gmacs, rel=1e-3)


def test_figures_of_an_architecture_with_one_tag_alone():
    assert published("tf_efficientnet_lite0") == with_tag("tf_efficientnet_lite0.in1k")
    assert published("mobilenetv3_large_100") is None  # two tags
    assert published("test_resnet") is None
    assert with_tag("tf_efficientnet_lite0") is None
