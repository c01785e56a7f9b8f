from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from sketchfit.models.kernel_network import KernelNetwork
from sketchfit.reporting.evidence import Evidence, read_evidence
from sketchfit.reporting.run import held_out_networks
from sketchfit.reporting.run.held_out_networks import (
    HeldOutNetworks,
    answers_to_changes,
    heat_maps,
    penultimate_features,
    stacked,
    trained_by_gradients,
)
from sketchfit.reporting.run.robustness import CHANGES, UNCHANGED


@pytest.fixture
def networks(plain: Path) -> HeldOutNetworks:
    evidence = read_evidence(plain)
    ((name, recipe),) = evidence.run.members.items()
    return HeldOutNetworks(evidence, name, recipe)


def _some(evidence: Evidence) -> np.ndarray:
    return np.arange(len(evidence.rows))[::3]


def test_unchanged_drawings_have_their_out_of_fold_answers(networks: HeldOutNetworks) -> None:
    places, answers = answers_to_changes(networks, _some(networks.evidence))
    assert sorted(places) == _some(networks.evidence).tolist()
    assert (answers[UNCHANGED] == networks.evidence.answer[places]).all()
    assert set(answers) == {UNCHANGED, *CHANGES}
    assert {len(one) for one in answers.values()} == {len(places)}


def test_each_drawing_has_a_heat_map(networks: HeldOutNetworks) -> None:
    places = _some(networks.evidence).tolist()
    maps = heat_maps(networks, places)
    assert sorted(maps) == places
    assert {one.pixels.shape for one in maps.values()} == {(32, 32, 3)}
    assert all(one.note for one in maps.values())


def test_heads_without_gradients_are_explained_by_occlusion(
    networks: HeldOutNetworks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_out_networks, "trained_by_gradients", lambda _: None)
    monkeypatch.setattr(held_out_networks, "MOST_OCCLUDED", 3)
    maps = heat_maps(networks, _some(networks.evidence).tolist())
    assert len(maps) == 3
    assert all("occlusion" in one.note for one in maps.values())


def test_without_captum_heat_maps_are_by_occlusion_with_a_note(
    networks: HeldOutNetworks, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("sketchfit.reporting.heat.explainer.find_spec", lambda _: None)
    monkeypatch.setattr(held_out_networks, "MOST_OCCLUDED", 2)
    with caplog.at_level("INFO", logger="sketchfit"):
        maps = heat_maps(networks, _some(networks.evidence).tolist())
    assert len(maps) == 2
    assert "pip install 'sketchfit[report]'" in caplog.text


def test_features_are_those_before_the_head(networks: HeldOutNetworks) -> None:
    evidence = networks.evidence
    chosen = np.flatnonzero(evidence.fold == 0)
    places, features = penultimate_features(networks, chosen)
    assert places.tolist() == chosen.tolist()
    batch = next(iter(networks.batches(chosen)))
    head = batch.network.model.get_classifier()
    logits = features[: len(batch.places)] @ head.weight.detach().numpy().T + head.bias.detach().numpy()
    assert logits.argmax(axis=1).tolist() == evidence.answer[batch.places].tolist()


def test_networks_that_are_not_on_disk_are_left_out(networks: HeldOutNetworks) -> None:
    missing = HeldOutNetworks(networks.evidence, "another", networks.recipe)
    places = _some(networks.evidence)
    assert answers_to_changes(missing, places)[1] == {}
    assert heat_maps(missing, places.tolist()) == {}
    assert len(penultimate_features(missing, places)[0]) == 0


def test_grey_pictures_are_repeated_next_to_coloured_ones() -> None:
    grey, coloured = np.full((2, 2, 1), 7, np.uint8), np.zeros((2, 2, 3), np.uint8)
    assert stacked([grey, grey]).shape == (2, 2, 2, 1)
    assert (stacked([grey, coloured])[0] == 7).all()


def test_of_a_kernel_network_the_trained_head_is_explained() -> None:
    model = torch.nn.Linear(3, 2)
    network = KernelNetwork(model, None, 3)  # type: ignore[arg-type]
    assert trained_by_gradients(network) is None
    network.blend.fill_(1)
    assert trained_by_gradients(network) is model
    assert trained_by_gradients(model) is model
