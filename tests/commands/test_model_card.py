"""The card names what was measured and counted, and nothing of the user's files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.bundle.manifest import Accuracy, BundleManifest, NetworkFacts, Preprocessing
from sketchfit.commands.card_facts import CardFacts, TrainingFacts
from sketchfit.commands.model_card import MOST_NAMES, model_card, plain
from sketchfit.runs.artefacts import AuditFindings
from sketchfit.runs.estimates import Difference, Estimate
from sketchfit.runs.run import Run
from sketchfit.runs.table import TrainingRows, write_training_rows
from tests.factories import make_claim, make_relations, write_run

NETWORK = NetworkFacts(
    source="fold",
    name="members/one/fold1",
    architecture="test_resnet",
    parameters=1_234_567,
    weights_from="resnet18.a1_in1k",
    licence="apache-2.0",
)
ACCURACY = Accuracy(
    network=Estimate(0.712, 0.65, 0.77, 120),
    measured_on="its own out-of-fold rows",
    ensemble=Estimate(0.75, 0.7, 0.8, 240),
    difference=Difference(-0.038, -0.06, -0.01, 0.01, 120),
)
PREPROCESSING = Preprocessing(max_pixels=1000, channels=1, resize="pad", stored=36, size=32)


def make_facts(**fields: Any) -> CardFacts:
    given: dict[str, Any] = {
        "title": "doodles",
        "network": NETWORK,
        "accuracy": ACCURACY,
        "preprocessing": PREPROCESSING,
        "names": ("apple", "bee"),
        "licence": "apache-2.0",
        "made_by": "1.2.3",
    }
    return CardFacts(**(given | fields))


def header(card: str) -> dict[str, Any]:
    start, text, _ = card.split("---\n", 2)
    assert start == ""
    found = yaml.safe_load(text)
    assert isinstance(found, dict)
    return found


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.open(write_run(tmp_path / "run", tmp_path / "secret-place"))


def test_the_header_is_what_the_hub_reads(run: Run) -> None:
    found = header(model_card(run, make_facts(timm=True)))
    assert found["license"] == "apache-2.0"
    assert found["library_name"] == "timm"
    assert found["pipeline_tag"] == "image-classification"
    assert found["tags"] == ["image-classification", "timm", "sketchfit", "drawings"]
    ((result,),) = (one["results"] for one in found["model-index"])
    assert result["metrics"] == [{"type": "accuracy", "value": 0.712, "name": "top-1, n = 120"}]


def test_the_hubs_own_reader_takes_the_header(run: Run) -> None:
    repocard = pytest.importorskip("huggingface_hub").ModelCard
    card = repocard(model_card(run, make_facts(licence="dinov3-license", timm=True)))
    assert (card.data.license, card.data.license_name) == ("other", "dinov3-license")
    assert [one.metric_value for one in card.data.eval_results] == [0.712]


def test_figures_come_with_n_and_interval(run: Run) -> None:
    card = model_card(run, make_facts())
    assert "| this network (its own out-of-fold rows) | 71.2 % (65.0–77.0) | 120 |" in card
    assert "| 75.0 % (70.0–80.0) | 240 |" in card
    assert "-3.8 points (-6.0 to -1.0) | 120 |" in card


def test_what_averaging_adds_is_stated(run: Run) -> None:
    assert "To average" not in model_card(run, make_facts())
    make_claim(single=0.62, single_error=0.05, averaging=0.043).write(run.path)
    card = model_card(Run.open(run.path), make_facts())
    assert "62.0 % (52.2–71.8)" in card
    assert "+4.3 points" in card


def test_a_difference_of_nothing_is_left_out(run: Run) -> None:
    same = ACCURACY.model_copy(update={"difference": Difference(0.0, 0.0, 0.0, 1.0, 120)})
    assert "points" not in model_card(run, make_facts(accuracy=same))


def test_a_network_that_was_not_measured(run: Run) -> None:
    card = model_card(run, make_facts(accuracy=Accuracy()))
    assert "model-index" not in header(card)
    assert "%" not in card.split("## Accuracy")[1].split("## Intended")[0]


def test_an_alarm_is_stated(run: Run) -> None:
    sentence = "test drawings contradict the claim"
    assert sentence not in model_card(run, make_facts())
    assert sentence in model_card(run, make_facts(accuracy=Accuracy(alarm=True, network=ACCURACY.network)))


def test_the_training_drawings_are_counted(run: Run) -> None:
    rows = run.rows
    group = rows.group.copy()
    group[:3] = 0  # one family of three, one of two
    group[10:12] = 10
    write_training_rows(run.folder.folds, TrainingRows(rows.paths, rows.label, rows.group, rows.folds, group))
    findings = {
        "near_duplicates": {"counts": {"groups_by_relation": {"cross_label": 4}, "test_images_with_training_copy": 7}},
        "unreadable": {"train": {"train/hidden.png": "empty"}},
        "traits": {"relative_width": {"train": {"median": 0.0215}}, "colour": {"train": {"mean": 0.25}}},
        "drift": {
            "traits": {"ink": {"statistic": 0.4, "p": 0.0, "p_corrected": 0.0, "separates": True, "text": "more"}}
        },
    }
    AuditFindings.model_validate(findings).write(run.path)
    make_relations(kept=False).write(run.path)
    found = TrainingFacts.of(Run.open(run.path))
    assert (found.rows, found.classes) == (120, 6)
    assert (found.smallest, found.median, found.largest) == (20, 20.0, 20)
    assert (found.families, found.in_families, found.two_labels, found.copies_in_test) == (2, 5, 4, 7)
    assert (found.unreadable, found.damaged) == (1, 0)
    assert (found.line_width, found.colour, found.inverted) == (0.0215, 0.25, None)
    assert found.drift == ("more",)
    assert found.separated == ("name:^(.+)_",)
    card = model_card(Run.open(run.path), make_facts())
    assert "2 families with 5 drawings" in card
    assert "are not near-duplicates" in card
    assert "lines 2.1 % of the longer side" in card or "lines 2.2 % of the longer side" in card
    assert "hidden" not in card


def test_a_run_without_rows_or_audit(run: Run) -> None:
    run.folder.folds.unlink()
    found = TrainingFacts.of(Run.open(run.path))
    assert (found.rows, found.smallest, found.audited) == (0, None, False)
    card = model_card(Run.open(run.path), make_facts())
    assert card.count("not searched for") == 2
    assert "are not near-duplicates" not in card


def test_no_path_is_published(run: Run, tmp_path: Path) -> None:
    card = model_card(run, make_facts(names=run.table.class_names))
    assert "secret-place" not in card
    assert str(tmp_path) not in card
    assert "train/" not in card


def test_the_licence_of_the_weights(run: Run) -> None:
    assert "None is stated" in model_card(run, make_facts(licence=None))
    forbids = "Commercial use is not allowed"
    assert forbids not in model_card(run, make_facts())
    assert forbids in model_card(run, make_facts(licence="cc-by-nc-4.0"))
    unknown = NETWORK.model_copy(update={"licence": None})
    assert "whose licence is not known" in model_card(run, make_facts(network=unknown))
    random = NETWORK.model_copy(update={"licence": None, "weights_from": None})
    assert "random weights" in model_card(run, make_facts(network=random))


def test_how_it_is_used(run: Run) -> None:
    on_hub = model_card(run, make_facts(repository="me/doodles", timm=True, onnx=True))
    assert 'timm.create_model("hf-hub:me/doodles", pretrained=True)' in on_hub
    assert "sketchfit serve hf://me/doodles" in on_hub
    local = model_card(run, make_facts(onnx=True))
    assert "hf-hub" not in local
    assert "sketchfit serve FOLDER" in local
    assert "sketchfit serve" not in model_card(run, make_facts(repository="me/doodles", timm=True))


def test_transparency_and_any_image_are_stated(run: Run) -> None:
    card = model_card(run, make_facts(timm=True, onnx=True))
    assert "put on white where it is transparent" in card
    assert "upright and opaque" in card
    assert "predicts one of its classes for any image" in card


def test_logits_that_are_not_calibrated_are_divided(run: Run) -> None:
    assert ".softmax" in model_card(run, make_facts(timm=True))
    assert "(model((picture - mean) / std) / 1.25).softmax" in model_card(run, make_facts(timm=True, divide=1.25))


def test_many_classes_are_cut_off(run: Run) -> None:
    card = model_card(run, make_facts(names=tuple(f"n{k}" for k in range(MOST_NAMES + 3))))
    assert f"n{MOST_NAMES - 1} and 3 more" in card
    assert f"n{MOST_NAMES}" not in card


def test_facts_of_a_bundle(run: Run) -> None:
    manifest = BundleManifest(
        labels=("0", "1"),
        names=("apple", "bee"),
        network=NETWORK,
        accuracy=ACCURACY,
        preprocessing=PREPROCESSING,
        files={},
        made_by="1.2.3",
        run="first",
    )
    found = CardFacts.of(manifest, "mit")
    assert found == make_facts(title="first", licence="mit", onnx=True)
    assert "1.2.3" in model_card(run, found)


@given(st.text(max_size=30))
def test_a_name_is_one_line_without_markup(name: str) -> None:
    shown = plain(name)
    assert len(shown.splitlines()) <= 1
    unescaped = shown.replace("\\\\", "")
    for mark in "`*_<>[]|#":
        assert unescaped.count(mark) == unescaped.count(f"\\{mark}")


def test_names_cannot_break_the_card(run: Run) -> None:
    evil = "x\n---\nlicense: mit\n<script>alert(1)</script> | y"
    card = model_card(run, make_facts(title=evil, names=(evil, "bee")))
    assert header(card)["license"] == "apache-2.0"
    assert "<script>" not in card.split("---\n", 2)[2]
