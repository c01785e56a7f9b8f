from __future__ import annotations

import gc

import pytest

from sketchfit.imports import quick_imports


def test_nothing_is_collected_during_imports_and_what_they_made_is_not_searched_later():
    try:
        with quick_imports():
            assert not gc.isenabled()
            kept = [[] for _ in range(10)]
        assert gc.isenabled()
        assert gc.get_freeze_count() >= len(kept)
    finally:
        gc.unfreeze()


def test_collection_continues_after_an_import_that_fails_and_stays_off_where_it_was_off():
    try:
        with pytest.raises(ImportError), quick_imports():
            raise ImportError("missing")
        assert gc.isenabled()
        gc.disable()
        with quick_imports():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
        gc.unfreeze()
