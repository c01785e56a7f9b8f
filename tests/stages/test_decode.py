"""Each image is decoded once, for the stores of all members and for the audit; what the audit finds does not change.

Counts of calls, not times: they guard what makes a run's beginning fast.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import sketchfit
from sketchfit.api.audit import audit
from sketchfit.auditing import copies as copies_module
from sketchfit.config.load import load_recipe
from sketchfit.data import images as images_module
from sketchfit.data import store as store_module
from sketchfit.data import stores as stores_module
from sketchfit.data.stores import store_settings
from sketchfit.stages.audit import audit as audit_stage
from sketchfit.stages.context import RunState
from sketchfit.stages.decode import decode
from sketchfit.stages.tables import load_table
from tests.factories import make_context

IMAGES = 32 + 12
"""In `drawn`."""

Decodes = Callable[[], Any]


def content_of(file: Path) -> str:
    return hashlib.blake2b(file.read_bytes()).hexdigest()


@contextmanager
def counted_decodes() -> Iterator[Counter[str]]:
    """Calls of `decode_image` while the block runs, by the files' content.

    Near-duplicates too simple to be told apart by their lines are looked at again: those looks count apart, as
    "again".
    """
    found: Counter[str] = Counter()
    real, real_look, audit_callback = images_module.decode_image, copies_module.load_image, threading.local()

    def decode_image(content: bytes, *args: Any, **kwargs: Any) -> Any:
        again = getattr(audit_callback, "again", False)
        found["again" if again else hashlib.blake2b(content).hexdigest()] += 1
        return real(content, *args, **kwargs)

    def look(*args: Any) -> Any:
        audit_callback.again = True
        try:
            return real_look(*args)
        finally:
            audit_callback.again = False

    with pytest.MonkeyPatch.context() as patch:
        for module in list(sys.modules.values()):
            if getattr(module, "decode_image", None) is real:
                patch.setattr(module, "decode_image", decode_image)
        patch.setattr(copies_module, "load_image", look)
        yield found


def once(root: Path) -> Counter[str]:
    """One decode for each image file below `root`; files of equal content count each."""
    files = [file for split in ("train", "test") for file in (root / split).rglob("*") if file.is_file()]
    return Counter(content_of(file) for file in files)


def passes(found: Counter[str]) -> Counter[str]:
    return Counter({content: count for content, count in found.items() if content != "again"})


@pytest.fixture
def with_audit(tiny: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    """`tiny` with the audit, views, calibration, its own cache, and colour where there is some."""
    more = {
        "audit": {"enabled": True},
        "data": {"channels": "auto", "cache": str(tmp_path / "cache")},
        "inference": {"views": ["hflip"]},
        "calibration": {"method": "temperature"},
    }
    return tiny | more


@pytest.fixture
def damaged(drawn: Path, tmp_path: Path) -> Path:
    """`drawn` with files among its training images that are empty, cut short, no image, and a copy of another."""
    root = tmp_path / "damaged"
    shutil.copytree(drawn, root)
    table = pd.read_csv(root / "train.csv")
    files = [root / "train" / path for path in table["image_path"]]
    files[9].write_bytes(b"")
    files[10].write_bytes(files[10].read_bytes()[:300])
    files[17].write_bytes(b"no picture at all")
    files[18].write_bytes(files[25].read_bytes())
    return root


def prepared(data: Path, settings: dict[str, Any], folder: Path) -> None:
    """What `run` does before its folds."""
    recipe = load_recipe(settings)
    context = make_context(folder, recipe, load_table(data, recipe))
    audit_stage(context, decode(context, RunState()))


def test_a_whole_run_decodes_each_image_once_and_a_resumed_one_none(
    drawn: Path, with_audit: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is anything found anew between folds: a store is opened once, and near-duplicates are looked for once."""
    calls: Counter[str] = Counter()

    def counting(module: Any, name: str) -> None:
        real = getattr(module, name)

        def counted(*args: Any, **kwargs: Any) -> Any:
            calls[name] += 1
            return real(*args, **kwargs)

        monkeypatch.setattr(module, name, counted)

    counting(stores_module, "open_stores")
    counting(copies_module, "find_near_duplicates")
    settings: dict[str, Any] = {"folds": {"k": 3}, "training": {"epochs": 2}}
    with counted_decodes() as found:
        sketchfit.run(drawn, with_audit, settings, tmp_path / "run")
    assert passes(found) == once(drawn)
    assert found.total() - found["again"] == IMAGES
    assert calls == {"open_stores": 2, "find_near_duplicates": 1}  # the stores of training and test
    shutil.rmtree(tmp_path / "run" / "members" / "test_resnet" / "fold1")
    with counted_decodes() as found:
        sketchfit.run(drawn, with_audit, settings, tmp_path / "run")
        prepared(drawn, with_audit | {"seed": 5}, tmp_path / "another")  # stores and measurements are shared
    assert passes(found) == Counter()


def test_members_with_stores_of_their_own_share_the_pass(
    drawn: Path, with_audit: dict[str, Any], tmp_path: Path
) -> None:
    members: dict[str, Any] = {
        "small": {},
        "large": {"model": {"input_size": 64}},
        "stretched": {"data": {"resize": "stretch"}},
    }
    with counted_decodes() as found:
        prepared(drawn, with_audit | {"members": members}, tmp_path / "run")
    assert passes(found) == once(drawn)
    kept = {path.name for path in (tmp_path / "cache").glob("store-*") if path.is_dir()}
    assert len(kept) == 6
    alone = tmp_path / "alone"
    for name in ("small", "large", "stretched"):
        recipe = load_recipe(
            with_audit, members[name] | {"data": {"cache": str(alone)} | members[name].get("data", {})}
        )
        for split in ("train", "test"):
            paths = [path.replace("\\", "/") for path in _paths(drawn, split)]
            one = store_module.open_store(drawn, paths, store_settings(recipe), alone)
            together = store_module.open_store(drawn, paths, store_settings(recipe), tmp_path / "cache")
            assert not together.built
            np.testing.assert_array_equal(one.images, together.images)
            np.testing.assert_array_equal(one.paper, together.paper)
            assert one.errors == together.errors


def _paths(root: Path, split: str) -> list[str]:
    return [f"{split}/{path}" for path in pd.read_csv(root / f"{split}.csv")["image_path"]]


def _without_time(path: Path) -> bytes:
    """Return a file without the minute in which it was written."""
    return re.sub(rb"\d{4}-\d\d-\d\d \d\d:\d\d", b"", path.read_bytes())


@pytest.mark.parametrize("which", ["drawn", "damaged"])
def test_the_audit_finds_to_the_bit_what_one_on_its_own_finds(
    which: str, request: pytest.FixtureRequest, with_audit: dict[str, Any], tmp_path: Path
) -> None:
    data = request.getfixturevalue(which)
    prepared(data, with_audit, tmp_path / "run")
    own = {"data": {"cache": str(tmp_path / "own"), "channels": "auto"}}
    audit(data, with_audit, own, tmp_path / "audit")
    for name in ("findings.json", "index.html"):
        found, expected = (_without_time(tmp_path / folder / name) for folder in ("run/audit", "audit"))
        assert found == expected, name
    traits = [pd.read_parquet(tmp_path / folder / "traits.parquet") for folder in ("run/audit", "audit")]
    pd.testing.assert_frame_equal(*traits, check_exact=True)
    for pattern in ("audit-*.npz", "copies-*.npz"):
        (seen,), (alone,) = (list((tmp_path / folder).glob(pattern)) for folder in ("cache", "own"))
        assert seen.name == alone.name
        with np.load(seen) as one, np.load(alone) as other:
            assert one.files == other.files
            for name in one.files:
                np.testing.assert_array_equal(one[name], other[name], err_msg=name)
    if which == "damaged":
        kinds = [one["kind"] for one in json.loads((tmp_path / "audit" / "findings.json").read_text())["oddities"]]
        assert sorted(kinds) == ["empty", "not_an_image", "truncated"]


@pytest.mark.parametrize(
    ("dropped", "decoded"),
    [("store-*", ("train", "test")), ("audit-*", ("train", "test")), ("copies-*", ()), ("store of test", ("test",))],
)
def test_either_cache_alone_spares_what_it_holds(
    dropped: str, decoded: tuple[str, ...], drawn: Path, with_audit: dict[str, Any], tmp_path: Path
) -> None:
    prepared(drawn, with_audit, tmp_path / "run")
    kept = (tmp_path / "run" / "audit" / "findings.json").read_bytes()
    cache = tmp_path / "cache"
    for path in _test_store(cache) if dropped == "store of test" else list(cache.glob(dropped)):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with counted_decodes() as found:
        prepared(drawn, with_audit, tmp_path / "again")
    expected = Counter[str]()
    for split in decoded:
        expected.update(content_of(drawn / path) for path in _paths(drawn, split))
    assert passes(found) == expected
    assert (tmp_path / "again" / "audit" / "findings.json").read_bytes() == kept


def test_a_new_test_set_is_decoded_once_and_training_images_are_only_measured(
    drawn: Path, with_audit: dict[str, Any], tmp_path: Path
) -> None:
    """The training store is there; the audit, which looks at both, is not."""
    data = tmp_path / "data"
    shutil.copytree(drawn, data)
    prepared(data, with_audit, tmp_path / "run")
    first, second = (data / path for path in _paths(data, "test")[:2])
    first.write_bytes(second.read_bytes())
    with counted_decodes() as found:
        prepared(data, with_audit, tmp_path / "again")
    assert passes(found) == once(data)


def _test_store(cache: Path) -> list[Path]:
    return [
        path
        for path in cache.glob("store-*")
        if path.is_dir() and len(np.load(path / "images.npy", mmap_mode="r")) == 12
    ]
