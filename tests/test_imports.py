from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from sketchfit import imports
from sketchfit.imports import quick_imports


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """No object is excluded before a test and after it."""
    gc.unfreeze()
    imports._exclude_objects.cache_clear()
    yield
    gc.unfreeze()
    gc.enable()


def test_nothing_is_collected_during_imports_and_what_they_made_is_not_searched_later():
    with quick_imports():
        assert not gc.isenabled()
        kept = [[] for _ in range(10)]
    assert gc.isenabled()
    assert gc.get_freeze_count() >= len(kept)


def test_objects_are_excluded_only_once():
    with quick_imports():
        pass
    gc.unfreeze()
    with quick_imports():
        pass
    assert gc.get_freeze_count() == 0


def test_collection_continues_after_an_import_that_fails_and_stays_off_where_it_was_off():
    with pytest.raises(ImportError), quick_imports():
        raise ImportError("missing")
    assert gc.isenabled()
    gc.disable()
    with quick_imports():
        pass
    assert not gc.isenabled()
