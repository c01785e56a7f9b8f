"""How far each backend's probabilities lie from torch's, and torch's own from float64, for a run's trained networks.

    python -m benchmarks.backend_parity RUN DATA

RUN is a finished run, DATA the folder that it was made from; all test images go through the network of each fold that
was trained. The largest difference of a probability is shown: in float64 nothing is rounded that would be seen here,
so that fp32's distance from it is the rounding that every fp32 backend has.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
import yaml

from sketchfit.config.load import member_recipes, parse_recipe
from sketchfit.data.readers import read_table
from sketchfit.data.store import Store, default_cache, open_store
from sketchfit.data.stores import store_settings
from sketchfit.inference.tta import parse_views, view_probabilities
from sketchfit.models.backbone import Network, to_input
from sketchfit.models.backends.answer import Answer, Floats, Pictures
from sketchfit.models.backends.build import build_answer
from sketchfit.models.backends.choose import Backend, installed_backends
from sketchfit.stages.train import load_network

BATCH = 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("data", type=Path)
    asked = parser.parse_args()
    for path in (asked.run / "recipe.yaml", asked.data / "train.csv"):
        if not path.is_file():
            parser.error(f"{path} does not exist")
    run: Path = asked.run
    recipe = parse_recipe(yaml.safe_load((run / "recipe.yaml").read_text(encoding="utf-8")))
    table = read_table(asked.data)
    for member, settings in member_recipes(recipe).items():
        store = open_store(table.root, table.test.paths, store_settings(settings), default_cache())
        for done in sorted((run / "members" / member).glob("fold*/done.json")):
            network = load_network(done.parent, settings, table.class_count)
            print(f"{member}/{done.parent.name}: {len(table.test)} images, {settings.model.input_size} px")
            compare(network, store, settings.model.input_size)


def compare(network: Network, store: Store, size: int) -> None:
    found = {"eager": probabilities(network, store, size, None)}
    backends: tuple[Backend, ...] = ("compiled", *installed_backends())
    for backend in backends:
        found[backend] = probabilities(network, store, size, fp32(network, backend, len(store.errors), size))
    found["eager, contiguous"] = probabilities(network, store, size, None, channels_last=False)
    exact = probabilities(network, store, size, in_float64(network))
    for name, prob in found.items():
        print(f"  {name:20} from torch {gap(prob, found['eager']):.1e}   from float64 {gap(prob, exact):.1e}")


def fp32(network: Network, name: Backend, images: int, size: int) -> Answer:
    def refuse(why: str) -> None:
        raise SystemExit(why)

    return build_answer(
        network,
        name,
        images=images,
        size=size,
        device=torch.device("cpu"),
        precision="fp32",
        channels_last=True,
        say=refuse,
    )


def in_float64(network: Network) -> Answer:
    """Torch's answer with weights and arithmetic in double precision, on the same fp32 inputs."""

    def answer(pictures: Pictures) -> Floats:
        inputs = to_input(torch.from_numpy(pictures), network.normalisation, torch.device("cpu"), True)
        network.model.double()
        prob: Floats = network.model(inputs.double()).softmax(dim=1).numpy()
        network.model.float()
        return prob

    return answer


def probabilities(
    network: Network, store: Store, size: int, answer: Answer | None, channels_last: bool = True
) -> Floats:
    rows = np.flatnonzero(store.readable)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    network.model.to(memory_format=layout)  # type: ignore[call-overload]
    return view_probabilities(
        network.model,
        network.normalisation,
        store,
        rows,
        parse_views(()),
        size=size,
        batch_size=BATCH,
        device=torch.device("cpu"),
        channels_last=channels_last,
        answer=answer,
    )["identity"]


def gap(one: Floats, other: Floats) -> float:
    return float(np.abs(one.astype(np.float64) - other).max())


if __name__ == "__main__":
    main()
