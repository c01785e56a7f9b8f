"""Views of a member without epochs: as its networks predict them, from one pass for all folds."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
import pytest
import torch

from sketchfit.bank.extractor import Extractor
from sketchfit.inference.predictor import Predictor
from sketchfit.inference.tta import parse_views
from sketchfit.models.saved_network import load_network
from sketchfit.training.bank_member import train_bank_member
from sketchfit.training.bank_views import bank_views
from sketchfit.training.kernel_head import with_kernel_head
from tests.training.test_bank_member import setting, thirds

VIEWS = parse_views(["hflip", "rotate-8", "five-crop0.8"])[1:]


@pytest.mark.parametrize(("mirrored", "pictures"), [("never", 1 + 1 + 5), ("always", 0 + 2 + 10)])
def test_views_are_those_of_the_saved_network_and_each_picture_is_computed_once(tmp_path, mirrored, pictures):
    context, member = setting(tmp_path, {"training": {"epochs": 0, "kernel": {"use": "replace", "mirrored": mirrored}}})
    train_bank_member(context, member, thirds())
    with patch.object(Extractor, "extract", autospec=True, side_effect=Extractor.extract) as passes:
        for fold in thirds():
            network = load_network(context.run.fold("one", fold.number), member.recipe, 4)
            found = bank_views(context, member, network, member.train, VIEWS, fold.valid)
            predictor = Predictor.of(network, member.recipe, torch.device("cpu"), backend="eager")
            expected = predictor.views(member.train, fold.valid, VIEWS)
            assert found.keys() == expected.keys()
            for name, prob in found.items():
                assert prob == pytest.approx(expected[name], abs=5e-3)  # float16 rounds features that hardly vary
    assert passes.call_count == pictures


def test_another_network_is_refused(tmp_path, tiny_job):
    context, member = setting(tmp_path)
    from sketchfit.training.fit import untrained

    network = untrained(tiny_job(), context.engine)
    assert with_kernel_head(tiny_job(), network, torch.device("cpu"), context.console) == (network, None)
    with pytest.raises(TypeError, match="no head on pooled"):
        bank_views(context, member, network, member.train, VIEWS, np.arange(3))
