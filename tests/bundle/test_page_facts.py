"""What a page shows of a bundle."""

from __future__ import annotations

from pathlib import Path

from sketchfit.bundle.manifest import UnknownRule
from sketchfit.bundle.page_facts import PageFacts, page_facts
from tests.bundles import write_tiny_bundle


def test_facts_of_the_tiny_bundle(tmp_path: Path) -> None:
    manifest = write_tiny_bundle(tmp_path)
    facts = page_facts(manifest)
    assert facts.sets == (0.9, 0.95)
    assert facts.names == manifest.names
    assert facts.bytes == (tmp_path / "model.onnx").stat().st_size
    assert not facts.unknown
    assert not facts.neighbours
    assert PageFacts.model_validate_json(facts.model_dump_json()) == facts


def test_facts_of_a_bundle_with_less_and_more(tmp_path: Path) -> None:
    rule = UnknownRule(score="entropy", known=(0.1, 0.2))
    manifest = write_tiny_bundle(tmp_path, sets=None, ink=None, unknown=rule, complete=False)
    facts = page_facts(manifest, neighbours=True)
    assert (facts.sets, facts.ink, facts.unknown, facts.neighbours) == ((), None, True, True)
    assert facts.bytes == (tmp_path / "network.onnx").stat().st_size
