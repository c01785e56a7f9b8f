"""The page as a folder: what is written, what is refused, and how its scripts hold the files."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sketchfit.bundle.manifest import SetThresholds, UnknownRule
from sketchfit.bundle.neighbours import Neighbours
from sketchfit.errors import UserError
from sketchfit.serving import static_page
from sketchfit.serving.static_facts import sheet_of, static_facts
from sketchfit.serving.static_page import check_static_folder, write_static_page
from sketchfit.serving.web_runtime import find_web_runtime
from tests.bundles import tiny_neighbours, write_tiny_bundle
from tests.factories import Cli
from tests.serving.web_runtimes import write_fake_runtime

pytest.importorskip("onnx")


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    write_tiny_bundle(tmp_path / "bundle", neighbours=True)
    return tmp_path / "bundle"


@pytest.fixture
def runtime(tmp_path: Path) -> Path:
    return write_fake_runtime(tmp_path)


def embedded(folder: Path, name: str) -> bytes:
    """The content of an embedded file, from all its scripts."""
    packed = b""
    for number, path in enumerate(sorted((folder / "data").glob(f"{name}-*.js"))):
        found = re.fullmatch(rf'sketchfit\.embed\("{name}",{number},\d+,"([^"]+)"\);\n', path.read_text())
        assert found
        packed += base64.b64decode(found[1])
    return gzip.decompress(packed)


def test_the_folder_holds_all_that_the_page_needs(bundle: Path, runtime: Path, tmp_path: Path) -> None:
    out = tmp_path / "page"
    page = write_static_page(bundle, out, runtime)
    named = re.findall(r'(?:src|href)="((?:web|data)/[^"]+)"', page.index.read_text())
    assert all((out / name).is_file() for name in named)
    assert {path.relative_to(out).as_posix() for path in (out / "data").iterdir()} <= set(named)
    assert page.bytes == sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    assert (page.runtime, page.drawings) == ("1.2.3", 6)
    assert embedded(out, "model") == (bundle / "model.onnx").read_bytes()
    assert embedded(out, "wasm") == bytes([7]) * 5000
    facts = json.loads(embedded(out, "facts"))
    assert facts["names"] == ["horizontal line", "vertical line", "dot"]
    assert facts["rules"]["sets"] == {"score": "lac", "threshold": 0.9, "coverage": 0.95}
    assert "1.2.3" in (out / "NOTICE.txt").read_text()


def test_large_files_come_in_parts_and_old_parts_go(
    bundle: Path, runtime: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "page"
    monkeypatch.setattr(static_page, "PART_BYTES", 100)
    write_static_page(bundle, out, runtime)
    assert (out / "data" / "model-3.js").is_file()
    assert embedded(out, "model") == (bundle / "model.onnx").read_bytes()
    monkeypatch.undo()
    write_static_page(bundle, out, runtime)
    assert sorted(path.name for path in (out / "data").glob("model-*")) == ["model-0.js"]


def test_the_same_bundle_gives_the_same_bytes(bundle: Path, runtime: Path, tmp_path: Path) -> None:
    contents = []
    for name in ("a", "b"):
        write_static_page(bundle, tmp_path / name, runtime)
        files = sorted((tmp_path / name).rglob("*.*"))
        contents.append([(path.name, path.read_bytes()) for path in files])
    assert contents[0] == contents[1]


def test_a_folder_with_other_files_is_refused(bundle: Path, runtime: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine"
    out.mkdir()
    (out / "diary.txt").write_text("")
    with pytest.raises(UserError, match=r"diary\.txt"):
        write_static_page(bundle, out, runtime)
    with pytest.raises(UserError):
        write_static_page(bundle, out / "diary.txt", runtime)
    assert [path.name for path in out.iterdir()] == ["diary.txt"]


def test_a_large_folder_is_refused_without_reading_all_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(_folder: Path, _pattern: str) -> Iterator[Path]:
        return (tmp_path / f"{number}.txt" for number in count())

    monkeypatch.setattr(Path, "rglob", endless)
    with pytest.raises(UserError, match=r"0\.txt, 1\.txt"):
        check_static_folder(tmp_path)


@pytest.mark.parametrize(
    "name", ["index.html", "index.html/mine.svg", "data/mine.js", "web/photo.jpg", "data/sub/facts-0.js"]
)
def test_a_web_site_of_somebody_else_is_kept(bundle: Path, runtime: Path, tmp_path: Path, name: str) -> None:
    mine = tmp_path / "site" / name
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with pytest.raises(UserError, match="other files"):
        write_static_page(bundle, tmp_path / "site", runtime)
    assert mine.read_text() == "mine"


def test_a_damaged_or_incomplete_bundle_is_refused(bundle: Path, runtime: Path, tmp_path: Path) -> None:
    (bundle / "model.onnx").write_bytes(b"other")
    with pytest.raises(UserError, match=r"model\.onnx"):
        write_static_page(bundle, tmp_path / "page", runtime)
    write_tiny_bundle(bundle, complete=False)
    with pytest.raises(UserError):
        write_static_page(bundle, tmp_path / "page", runtime)
    assert not (tmp_path / "page").exists()


def test_the_runtime_is_found_as_node_finds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = write_fake_runtime(tmp_path)
    below = tmp_path / "project" / "deep"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    for folder in (None, package, tmp_path, tmp_path / "node_modules"):
        assert find_web_runtime(folder).version == "1.2.3"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with pytest.raises(UserError, match="npm"):
        find_web_runtime(elsewhere)
    monkeypatch.setenv("NODE_PATH", str(tmp_path / "node_modules"))
    (tmp_path / "node_modules").rename(elsewhere / "node_modules")
    monkeypatch.setenv("NODE_PATH", str(elsewhere / "node_modules"))
    assert find_web_runtime().glue == b'export default "glue";'


def test_an_incomplete_runtime_is_refused(tmp_path: Path) -> None:
    package = write_fake_runtime(tmp_path)
    next(package.glob("dist/*.wasm")).unlink()
    with pytest.raises(UserError, match="complete"):
        find_web_runtime(package)


def test_the_command_prints_the_size(cli: Cli, bundle: Path, runtime: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    out = tmp_path / "page"
    status, printed, _ = cli("serve", bundle, "--static", out, "--web-runtime", runtime)
    assert status == 0
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    assert f"{size / 1e6:.1f} MB" in printed
    assert "ms per image" in printed


def test_the_command_refuses_before_a_run_is_exported(cli: Cli, bundle: Path, runtime: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    status, _, error = cli("serve", bundle, "--static", tmp_path / "page", "--web-runtime", tmp_path / "elsewhere")
    assert (status, "--web-runtime" in error) == (2, True)
    status, _, error = cli("serve", bundle, "--static", tmp_path, "--web-runtime", runtime)
    assert (status, "other files" in error) == (2, True)
    (tmp_path / "file").write_text("")
    status, _, error = cli("serve", bundle, "--static", tmp_path / "file" / "page", "--web-runtime", runtime)
    assert (status, "is a file" in error) == (2, True)
    status, _, error = cli("serve", tmp_path / "none", "--static", tmp_path / "page", "--web-runtime", runtime)
    assert status == 2


def test_rules_of_the_facts(tmp_path: Path) -> None:
    rule = UnknownRule(score="entropy", known=(0.1, 0.2))
    sets = SetThresholds(score="aps", thresholds={"0.9": 0.7}, n=50)
    facts = static_facts(write_tiny_bundle(tmp_path, unknown=rule, sets=sets), tiny_neighbours(7))
    assert facts.rules.unknown == rule
    assert facts.rules.sets is not None
    assert (facts.rules.sets.threshold, facts.rules.sets.coverage) == (0.7, 0.9)
    assert facts.rules.neighbours is not None
    assert (facts.rules.neighbours.columns, len(facts.rules.neighbours.labels)) == (2, 7)
    assert static_facts(write_tiny_bundle(tmp_path, sets=None)).rules.sets is None


def test_thumbnails_are_cells_of_the_sheet() -> None:
    thumbnails = np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3), dtype=np.uint8)
    neighbours = Neighbours(np.ones((5, 2), np.float32), np.zeros(5, np.int64), thumbnails)
    sheet = cv2.imdecode(np.frombuffer(sheet_of(neighbours), np.uint8), cv2.IMREAD_COLOR)
    assert sheet is not None
    assert sheet.shape == (192, 128, 3)
    assert_array_equal(sheet[64:128, 64:, ::-1], thumbnails[3])
