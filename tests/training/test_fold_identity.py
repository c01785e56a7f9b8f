from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.factories import Cli


def times(run: Path) -> list[int]:
    """Return when each network was written."""
    return [path.stat().st_mtime_ns for path in sorted(run.glob("members/*/*/model.safetensors"))]


@pytest.mark.parametrize("decoders", [("HEIC", "JPEG XL", "SVG"), ("SVG",), ()])
def test_other_decoders_and_an_empty_cache_train_nothing_again(
    decoders: tuple[str, ...], plain: Path, drawn: Path, tiny_file: Path, cli: Cli, tmp_path: Path
) -> None:
    """The images, whose formats need none of them, are decoded to the same pixels."""
    out = tmp_path / "run"
    shutil.copytree(plain, out)
    before = times(out)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKETCHFIT_CACHE", str(tmp_path / "cache"))
        patch.setattr("sketchfit.data.store_names.installed_decoders", lambda: decoders)
        status, _, errors = cli("run", drawn, "--recipe", tiny_file, "--out", out)
    assert status == 0, errors
    assert times(out) == before
    assert len(before) == 2


def test_a_network_of_an_earlier_version_is_known(
    plain: Path, drawn: Path, tiny_file: Path, cli: Cli, tmp_path: Path
) -> None:
    """It named its stores by all decoders that were installed."""
    out = tmp_path / "run"
    shutil.copytree(plain, out)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKETCHFIT_CACHE", str(tmp_path / "cache"))
        patch.setattr("sketchfit.data.store_names._decoders", lambda content: [("HEIC", "JPEG XL", "SVG")])
        status, _, errors = cli("run", drawn, "--recipe", tiny_file, "--out", out, "--fresh")
        assert status == 0, errors
    before = times(out)
    status, _, errors = cli("run", drawn, "--recipe", tiny_file, "--out", out)
    assert status == 0, errors
    assert times(out) == before
