"""Differences of each backend's probabilities from torch's, and of torch's from float64, for a run's networks.

    python -m benchmarks.backend_parity RUN DATA

RUN is a finished run, DATA the folder that it was made from; all test images go through the network of each fold that
was trained. The largest difference of a probability is shown: in float64 nothing is rounded that would be seen here,
so that fp32's distance from it is the rounding that every fp32 backend has.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import yaml

from sketchfit.config.parse import member_recipes, parse_recipe
from sketchfit.data.cache.folder import default_cache
from sketchfit.data.readers import read_table
from sketchfit.data.store import Store, open_store
from sketchfit.data.stores import store_settings
from sketchfit.inference.predictor import Predictor
from sketchfit.models.backend import Backend, Floats, Pictures
from sketchfit.models.backends.eager import eager
from sketchfit.models.build_backend import build_backend
from sketchfit.models.choose_backend import automatic_backends
from sketchfit.models.compute import Compute
from sketchfit.models.network import Network, to_input
from sketchfit.models.saved_network import load_network

BATCH = 64
CPU = Compute(torch.device("cpu"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("data", type=Path)
    options = parser.parse_args()
    for path in (options.run / "recipe.yaml", options.data / "train.csv"):
        if not path.is_file():
            parser.error(f"{path} does not exist")
    run: Path = options.run
    recipe = parse_recipe(yaml.safe_load((run / "recipe.yaml").read_text(encoding="utf-8")))
    table = read_table(options.data)
    for member, settings in member_recipes(recipe).items():
        store = open_store(table.root, table.test.paths, store_settings(settings), default_cache())
        for done in sorted((run / "members" / member).glob("fold*/done.json")):
            network = load_network(done.parent, settings, table.class_count)
            print(f"{member}/{done.parent.name}: {len(table.test)} images, {settings.model.size} px")
            compare(network, store, settings.model.size)


def compare(network: Network, store: Store, size: int) -> None:
    contiguous = replace(CPU, channels_last=False)
    found = {"eager": probabilities(network, store, size, eager(network, CPU))}
    for name in ("compiled", *automatic_backends()):
        backend = build_backend(name, network, CPU, refuse)
        found[name] = probabilities(network, store, size, backend)
    found["eager, contiguous"] = probabilities(network, store, size, eager(network, contiguous), contiguous)
    exact = probabilities(network, store, size, in_float64(network))
    for name, prob in found.items():
        print(f"  {name:20} from torch {gap(prob, found['eager']):.1e}   from float64 {gap(prob, exact):.1e}")


def refuse(why: str) -> None:
    raise SystemExit(why)


def in_float64(network: Network) -> Backend:
    """Return torch with weights and arithmetic in double precision, on the same fp32 inputs."""

    def backend(pictures: Pictures) -> Floats:
        inputs = to_input(torch.from_numpy(pictures), network.normalisation, torch.device("cpu"), True)
        network.model.double()
        prob: Floats = network.model(inputs.double()).softmax(dim=1).numpy()
        network.model.float()
        return prob

    return backend


def probabilities(network: Network, store: Store, size: int, backend: Backend, compute: Compute = CPU) -> Floats:
    layout = torch.channels_last if compute.channels_last else torch.contiguous_format
    network.model.to(memory_format=layout)  # type: ignore[call-overload]
    predictor = Predictor(network, backend, compute, size, BATCH)
    return predictor.probabilities(store, np.flatnonzero(store.readable))


def gap(one: Floats, other: Floats) -> float:
    return float(np.abs(one.astype(np.float64) - other).max())


if __name__ == "__main__":
    main()
