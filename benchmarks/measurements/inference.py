"""Labelling the test images: from their files to probabilities, with and without a mirrored view."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.case import Case
from benchmarks.measure import Candidate, Column, Measurement, NotHere

BATCH = 64
CHANNELS = 3
"""Of the store: a converted network takes one number of them, and is converted before the store is there."""
TIMM = "timm, eager"
SKETCHFIT: dict[str, dict[str, Any]] = {
    "sketchfit, eager": {"channels_last": True},
    "sketchfit, eager, contiguous": {"channels_last": False},
    "sketchfit, bf16": {"precision": "bf16"},
    "sketchfit, compiled": {"backend": "compiled"},
    "sketchfit, ONNX Runtime": {"backend": "onnxruntime"},
    "sketchfit, OpenVINO": {"backend": "openvino"},
}
"""Settings of each way to run the network; the first is what the others' probabilities are held against."""


def measurements(case: Case) -> list[Measurement]:
    del case
    made = []
    for views, title in ((("identity",), "one view"), (("identity", "hflip"), "two views, plain and mirrored")):
        candidates = [
            Candidate(TIMM, f"{__name__}:timm", {"channels_last": False, "mirrored": len(views) > 1}),
            Candidate(
                "timm, eager, channels_last", f"{__name__}:timm", {"channels_last": True, "mirrored": len(views) > 1}
            ),
            Candidate(
                "timm, eager, channels_last, freed memory kept as sketchfit does",
                f"{__name__}:timm",
                {"channels_last": True, "mirrored": len(views) > 1, "keep_memory": True},
            ),
            *(Candidate(name, f"{__name__}:sketchfit", {"views": views, **how}) for name, how in SKETCHFIT.items()),
        ]
        made.append(
            Measurement(
                f"Inference, {title}",
                "Test images from their files to probabilities, nothing cached, decoding included; the same weights in "
                f"all, batches of {BATCH} pictures. Set-up (network, compiling, a first batch) has its own column.",
                "images/s",
                tuple(candidates),
                reference=TIMM,
                columns=(
                    Column("images", "images", "{:.0f}"),
                    Column("setup", "set-up, s"),
                    Column("decoding", "of it decoding, s"),
                    Column("difference", "largest difference of a probability", "{:.1e}"),
                ),
                prepare=f"{__name__}:prepare",
            )
        )
    return made


def prepare(case: Case) -> None:
    """A network that has learnt something, else all probabilities would be alike: the head fitted on features."""
    import torch
    from safetensors.torch import save_file

    from benchmarks.measurements.training import job_of
    from sketchfit.models.backbone import build_network
    from sketchfit.training.lp_ft import probe_first

    path = Path(case.scratch) / "probed.safetensors"
    if path.is_file():
        return
    torch.manual_seed(0)
    job = job_of(case, False, Path(case.scratch))
    network = build_network(job.recipe.model, job.class_count)
    probe_first(job, network.model, network.normalisation, torch.device("cpu"))
    save_file({name: value.contiguous() for name, value in network.model.state_dict().items()}, path)


def files(case: Case) -> tuple[list[str], Path, int]:
    """Test images (training images where there are none), each read once; their folder; number of classes."""
    table = case.table()
    paths = list((table.test if len(table.test) else table.train).paths)[: case.answered]
    for path in paths:
        (table.root / path).read_bytes()
    return paths, table.root, table.class_count


def timm(case: Case, channels_last: bool, mirrored: bool, keep_memory: bool = False) -> dict[str, float]:
    import torch
    from safetensors.torch import load_file

    from benchmarks.peers import timm_model
    from benchmarks.peers.timm_loader import plain_loader
    from sketchfit.allocator import keep_freed_memory

    if keep_memory:
        keep_freed_memory()
    paths, root, classes = files(case)
    began = time.perf_counter()
    made = timm_model.create(case.backbone, case.weights, classes)
    model = made.model.eval()
    model.load_state_dict(load_file(Path(case.scratch) / "probed.safetensors"))
    layout = torch.channels_last if channels_last else torch.contiguous_format
    model = model.to(memory_format=layout)  # type: ignore[call-overload]
    found = []
    with torch.inference_mode():
        model(torch.zeros(BATCH, 3, case.size, case.size).contiguous(memory_format=layout))
        ready = time.perf_counter()
        for images, _ in plain_loader(case, [root / path for path in paths], made.mean, made.std, BATCH):
            images = images.contiguous(memory_format=layout)
            prob = model(images).softmax(dim=1)
            if mirrored:
                prob = (prob + model(images.flip(3)).softmax(dim=1)) / 2
            found.append(prob.numpy())
    ended = time.perf_counter()
    assert len(np.concatenate(found)) == len(paths)
    return {"value": len(paths) / (ended - ready), "images": len(paths), "setup": ready - began}


def sketchfit(case: Case, views: Sequence[str], **how: Any) -> dict[str, float]:
    from sketchfit.data.image_pass import Decoding
    from sketchfit.data.store import open_store
    from sketchfit.data.stores import store_settings

    recipe = case.recipe({"data": {"channels": CHANNELS}})
    paths, root, classes = files(case)
    began = time.perf_counter()
    answer = predictor(case, recipe, classes, views, len(paths), **how)
    ready = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=case.scratch) as cache:
        store = open_store(root, paths, store_settings(recipe), Path(cache), Decoding(case.threads))
        decoded = time.perf_counter()
        prob = answer(store, np.arange(len(paths)))
        ended = time.perf_counter()
        del store
    return {
        "value": len(paths) / (ended - ready),
        "images": len(paths),
        "setup": ready - began,
        "decoding": decoded - ready,
        "difference": difference(case, prob, views, first=how == next(iter(SKETCHFIT.values()))),
    }


def predictor(
    case: Case,
    recipe: Any,
    classes: int,
    views: Sequence[str],
    images: int,
    precision: str = "fp32",
    channels_last: bool = True,
    backend: str = "eager",
) -> Any:
    """(store, rows) to probabilities float32 [N, C], after everything that needs to be done only once."""
    import torch
    from safetensors.torch import load_file

    from sketchfit.inference.merged_views import merge_views
    from sketchfit.inference.predictor import Predictor
    from sketchfit.inference.tta import parse_views
    from sketchfit.models.backbone import build_network
    from sketchfit.models.backends import backends
    from sketchfit.models.build_backend import build_backend
    from sketchfit.models.choose_backend import missing_packages
    from sketchfit.models.compute import Compute
    from sketchfit.models.weights import read_metadata
    from sketchfit.training.engine import make_engine

    if missing := missing_packages(backends.get(backend).packages):
        raise NotHere(f"not installed ({', '.join(missing)})")

    def refuse(why: str) -> None:
        raise RuntimeError(why)

    compute = Compute(make_engine(recipe.compute).device, precision, channels_last)
    metadata = read_metadata(Path(case.weights))
    network = build_network(recipe.model, classes, load_weights=False, metadata=metadata)
    network.model.load_state_dict(load_file(Path(case.scratch) / "probed.safetensors"))
    layout = torch.channels_last if channels_last else torch.contiguous_format
    network.model.eval().to(memory_format=layout)  # type: ignore[call-overload]
    built = Predictor(
        network, build_backend(backend, network, compute, refuse), compute, case.size, BATCH, case.threads
    )
    step = BATCH // len(views)
    for count in (step, images % step or step):  # full batches and the last one: a compiler compiles for both
        built.predict(np.zeros((count * len(views), case.size, case.size, CHANNELS), np.uint8))

    def probabilities(store: Any, rows: Any) -> Any:
        found = built.views(store, rows, parse_views(views))
        return merge_views([found[name] for name in views], "mean-prob")

    return probabilities


def difference(case: Case, prob: Any, views: Sequence[str], first: bool) -> float:
    """Largest difference from the first way's probabilities, which that way leaves in scratch."""
    path = Path(case.scratch) / f"prob-{len(views)}.npy"
    if first and not path.is_file():
        np.save(path, prob)
    return float(np.abs(prob - np.load(path)).max()) if path.is_file() else float("nan")
