"""How often does a published network answer in timm as in sketchfit, by what prepares its images?

    python benchmarks/timm_transforms.py RUN IMAGES [--count 1000]

Publishes the network of a run into a temporary folder, and labels the images of a folder with it: by sketchfit, and by
timm's model with timm's own transforms, with images that are padded to a square with the colour of their first pixel
before these, and with `preprocess.py` of the folder.
"""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

import sketchfit
from sketchfit._timm import timm
from sketchfit.commands.push import push
from sketchfit.temporary import temporary_folder

Prepare = Callable[[Image.Image], torch.Tensor]


def padded(image: Image.Image) -> Image.Image:
    """A square with the image in its middle and the colour of its first pixel around it."""
    side = max(image.size)
    square = Image.new("RGB", (side, side), image.getpixel((0, 0)))
    square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return square


def of_folder(folder: Path, config: dict[str, Any]) -> Prepare:
    """The preprocessing of `preprocess.py`."""
    spec = importlib.util.spec_from_file_location("preprocess", folder / "preprocess.py")
    if spec is None or spec.loader is None:
        raise SystemExit(f"{folder} has no preprocess.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    mean, std = (torch.tensor(config[name]).view(3, 1, 1) for name in ("mean", "std"))

    def prepare(image: Image.Image) -> torch.Tensor:
        picture = torch.from_numpy(module.prepare(np.asarray(image))).permute(0, 3, 1, 2) / 255
        return ((picture - mean) / std)[0]

    return prepare


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("images", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    options = parser.parse_args()
    paths = sorted(path for path in options.images.iterdir() if path.is_file())[: options.count]
    with temporary_folder() as place:
        folder = place / "published"
        push(options.run, folder)
        expected = sketchfit.load(folder).proba(paths)
        model = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
        config = timm.data.resolve_model_data_config(model)
        transform = timm.data.create_transform(**config, is_training=False)
        ways: dict[str, Prepare] = {
            "timm's transforms": transform,
            "padded, then timm's transforms": lambda image: transform(padded(image)),
            "preprocess.py": of_folder(folder, config),
        }
        for name, prepare in ways.items():
            with torch.inference_mode():
                found = [model(prepare(Image.open(path).convert("RGB"))[None]).softmax(1)[0].numpy() for path in paths]
            same = float((np.argmax(found, axis=1) == expected.argmax(axis=1)).mean())
            gap = float(np.abs(np.array(found) - expected).max())
            print(f"{name:<32}{100 * same:6.1f} % equal answers, largest difference {gap:.1e}, n = {len(paths)}")


if __name__ == "__main__":
    main()
