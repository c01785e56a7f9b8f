"""A fresh environment that only serves: `pip install '.[serve]'`, its size, and an answer of a bundle without torch.

    python -m benchmarks.serving.environment BUNDLE [--keep FOLDER]

BUNDLE was written by `sketchfit export`. The answer is compared with the bundle's test image.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import cv2
import numpy as np
import psutil

from sketchfit.bundle.model import TOLERANCE, VECTOR
from sketchfit.runs.arrays import read_npz
from sketchfit.temporary import temporary_folder

ROOT = Path(__file__).parents[2]
BLOCKED = ("torch", "torchvision", "timm", "pandas", "sklearn", "scipy", "pyarrow")
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "src")
LISTED = 8
"""Packages whose size is printed."""


def install(folder: Path) -> Path:
    """Make the environment; return the folder of its programs."""
    source, environment = folder / "source", folder / "environment"
    for name in SOURCES:  # building leaves files in the tree that it builds
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        source.mkdir(parents=True, exist_ok=True)
        copy(ROOT / name, source / name)
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    programs = environment / ("Scripts" if os.name == "nt" else "bin")
    subprocess.run([programs / "python", "-m", "pip", "install", "--quiet", f"{source}[serve]"], check=True)
    return programs


def packages_of(programs: Path) -> Path:
    """Return the folder of the environment's packages."""
    code = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    return Path(
        subprocess.run([programs / "python", "-c", code], check=True, capture_output=True, text=True).stdout.strip()
    )


def size_of(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def answer_of(programs: Path, bundle: Path) -> tuple[float, float]:
    """Serve the bundle; return the gap of its answer to the test image, and the memory of the service in MB."""
    vector = read_npz(bundle / VECTOR)
    image = vector["image"] if vector["image"].ndim == 2 else vector["image"][:, :, ::-1]
    data = cv2.imencode(".png", image)[1].tobytes()
    command = [str(programs / "sketchfit"), "serve", str(bundle), "--port", "0"]
    # Without the path of this tree: the environment has another copy.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment, cwd=bundle)
    try:
        line = process.stderr.readline() if process.stderr else ""
        address = re.search(r"http://[\w.:]+\d", line)
        if address is None:
            raise RuntimeError(line + (process.stderr.read() if process.stderr else ""))
        with urllib.request.urlopen(urllib.request.Request(f"{address[0]}/predict?top=1000", data), timeout=60) as got:
            found = json.loads(got.read())["predictions"][0]["top"]
        memory = psutil.Process(process.pid).memory_info().rss / 1e6
    finally:
        process.terminate()
        process.wait(60)
    labels = json.loads((bundle / "bundle.json").read_text(encoding="utf-8"))["labels"]
    by_label = {one["label"]: one["probability"] for one in found}
    gap = np.abs(np.array([by_label[label] for label in labels]) - vector["probabilities"].reshape(-1)).max()
    return float(gap), memory


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--keep", type=Path, help="folder of the environment; a temporary one by default")
    arguments = parser.parse_args(given)
    with nullcontext(arguments.keep) if arguments.keep else temporary_folder() as folder:
        programs = install(folder)
        packages = packages_of(programs)
        present = [name for name in BLOCKED if (packages / name).exists()]
        sizes = {path.name: size_of(path) for path in packages.iterdir() if path.is_dir()}
        gap, memory = answer_of(programs, arguments.bundle.resolve())
    largest = sorted(sizes, key=sizes.__getitem__, reverse=True)[:LISTED]
    print(f"packages of training in it: {', '.join(present) or 'none'}")
    print(f"size: {sum(sizes.values()) / 1e6:.0f} MB: " + ", ".join(f"{n} {sizes[n] / 1e6:.0f}" for n in largest))
    print(f"answer to the test image: within {gap:.1g} of {TOLERANCE:g}; memory of the service: {memory:.0f} MB")
    sys.exit(bool(present) or gap > TOLERANCE)


if __name__ == "__main__":
    main()
