"""Settings that depend on the machine: chosen once, before training, and from then on part of the run's recipe.

Precision, memory format and batch size change what is trained. A run that continues therefore takes the values that are
recorded in its folder, whatever would be measured now.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

import torch

from sketchfit.config.overrides import merge
from sketchfit.config.parse import member_recipes, parse_recipe
from sketchfit.config.recipe import Recipe
from sketchfit.data.stores import cache_folder
from sketchfit.errors import UserError
from sketchfit.runs.folder import RunFolder
from sketchfit.runs.recipe import read_recipe
from sketchfit.training.autotune import Format, batch_that_fits, candidates, choose_format, measure_formats
from sketchfit.training.engine import Engine
from sketchfit.training.measured_rates import conditions_of, read_rates, store_rates

log = logging.getLogger(__name__)


def resolve_settings(recipe: Recipe, classes: int, recorded: Mapping[str, Recipe], engine: Engine) -> Recipe:
    """Return the recipe with values in place of `compute.autotune` and `training.batch_size=auto`.

    Args:
        recipe: of the run; what it sets stays.
        classes: number of classes.
        recorded: member recipes of an earlier start, whose values are taken.
        engine: whose device is measured.
    """
    members = member_recipes(recipe)
    open_keys = {name: _open_keys(recipe, name, member) for name, member in members.items()}
    if not any(open_keys.values()):
        if recipe.compute.autotune:
            log.info("autotune: nothing to choose, compute.precision and compute.channels_last are set")
        return recipe
    found: dict[str, dict[str, Any]] = {}
    for name, member in members.items():
        if name in recorded:
            found[name] = _nested({key: _value(recorded[name], key) for key in open_keys[name]})
        elif open_keys[name]:
            found[name] = _nested(_choose(name, member, open_keys[name], classes, engine))
    return _with_values(recipe, found)


def recorded_members(run: RunFolder, untrained: bool) -> dict[str, Recipe]:
    """Return the member recipes in a run's folder, by name; none where there is no recipe.

    Args:
        run: its folder.
        untrained: read them also where nothing was trained yet.
    """
    if not run.recipe.is_file() or not (untrained or run.has_training()):
        return {}
    try:
        return member_recipes(read_recipe(run.recipe))
    except UserError:
        return {}  # opening the folder reports what is wrong with it


def _open_keys(recipe: Recipe, name: str, member: Recipe) -> list[str]:
    """Return the keys to choose for a member: neither the recipe nor the member's own settings set them."""
    batch = ["training.batch_size"] if member.training.batch_size == "auto" else []
    if not member.compute.autotune:
        return batch
    own = recipe.members.get(name, {}).get("compute") or {}
    named = recipe.compute.model_fields_set | set(own)
    if member.compute.products == "bf16":  # that is for fp32
        named |= {"precision"}
    return batch + [f"compute.{key}" for key in ("precision", "channels_last") if key not in named]


def _choose(name: str, member: Recipe, keys: list[str], classes: int, engine: Engine) -> dict[str, Any]:
    """Return values of the open keys, measured or cached."""
    values: dict[str, Any] = {}
    batch, device = member.training.batch, engine.device
    if "training.batch_size" in keys:
        if device.type == "cuda":
            batch = batch_that_fits(member, classes, device) * engine.processes
        values["training.batch_size"] = batch
        log.info(f"{name}: training.batch_size {batch}{'' if device.type == 'cuda' else ', as always without CUDA'}")
    if any(key.startswith("compute.") for key in keys):
        chosen = _choose_format(name, member, keys, (classes, max(1, batch // engine.processes)), device)
        decided = {"compute.precision": chosen.precision, "compute.channels_last": chosen.channels_last}
        values |= {key: value for key, value in decided.items() if key in keys}
    return values


def _choose_format(name: str, member: Recipe, keys: list[str], sizes: tuple[int, int], device: torch.device) -> Format:
    """Return the fastest format, the recipe's where the measurement is in doubt.

    Args:
        sizes: number of classes, and images per process and batch.
    """
    compute, (classes, share) = member.compute, sizes
    formats = candidates(
        device,
        None if "compute.precision" in keys else compute.precision,
        None if "compute.channels_last" in keys else compute.channels_last,
    )
    conditions, cache = conditions_of(member, device, share), cache_folder(member)
    rates, origin = read_rates(cache, conditions, formats), "measured before"
    if rates is None:
        began = time.monotonic()
        times = measure_formats(member, classes, device, formats, share)
        if doubt := times.doubt(torch.get_num_threads()):
            usual = Format(compute.precision, compute.channels_last)
            log.info(f"{name}: autotune keeps {usual}: {doubt}; {_describe(times.rates)} images/s are not remembered")
            return usual
        rates = times.rates
        store_rates(cache, conditions, rates)
        origin = f"measured in {time.monotonic() - began:.0f} s"
    chosen = choose_format(rates, compute.channels_last)
    log.info(f"{name}: autotune chose {chosen} ({_describe(rates)} images/s; {origin})")
    return chosen


def _describe(rates: dict[Format, float]) -> str:
    return ", ".join(f"{one} {rate:.3g}" for one, rate in rates.items())


def _value(recipe: Recipe, key: str) -> Any:
    section, _, name = key.partition(".")
    return getattr(getattr(recipe, section), name)


def _nested(values: dict[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for key, value in values.items():
        section, _, name = key.partition(".")
        nested.setdefault(section, {})[name] = value
    return nested


def _with_values(recipe: Recipe, found: dict[str, dict[str, Any]]) -> Recipe:
    """Return the recipe with each member's values: in the recipe itself where there is one member."""
    settings = recipe.model_dump(mode="json")
    if recipe.members:
        settings["members"] = {name: merge(own, found.get(name, {})) for name, own in recipe.members.items()}
    else:
        ((_, values),) = found.items()
        settings = merge(settings, values)
    return parse_recipe(settings)
