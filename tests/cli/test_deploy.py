"""Serving takes a bundle of the hub, and names what a network without one lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from sketchfit.cli.deploy import _bundle_of
from sketchfit.errors import UserError
from tests.factories import Cli
from tests.hub.fake_hub import FakeHub


def test_a_bundle_of_the_hub_is_served(hub: FakeHub) -> None:
    hub.make("me/bundle", {"bundle.json": b"{}", "network.onnx": b"graph"})
    for place in ("hf://me/bundle", Path("hf://me/bundle")):
        with _bundle_of(Path(place)) as folder:
            assert (folder / "network.onnx").read_bytes() == b"graph"


def test_a_network_without_a_bundle(hub: FakeHub, cli: Cli) -> None:
    hub.make("me/doodles", {"sketchfit.json": b"{}", "model.safetensors": b""})
    with pytest.raises(UserError, match="no bundle"), _bundle_of(Path("hf://me/doodles")):
        pass
    status, _, errors = cli("serve", "hf://me/doodles")
    assert status == 2
    assert "push RUN me/doodles --bundle" in errors
