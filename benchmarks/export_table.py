"""Backbones of all families in every exported form; writes `docs/export-table.md`.

    python -m benchmarks.export_table --results FOLDER [--seconds 300] [--only resnet18]  # those without a result
    python -m benchmarks.export_table --results FOLDER --out docs/export-table.md

Results are one JSON file per backbone, so that the sweep can be stopped.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.export_forms import measure
from benchmarks.machine import describe

BACKBONES = (
    "resnet18",
    "mobilenetv2_100",
    "mobilenetv3_small_100",
    "tf_efficientnet_lite0",
    "efficientnet_b0",
    "regnety_002",
    "densenet121",
    "ghostnet_100",
    "hgnetv2_b0",
    "repvgg_a0",
    "vgg11",
    "nf_regnet_b0",
    "convnext_atto",
    "inception_next_atto",
    "mambaout_femto",
    "fastvit_t8",
    "repvit_m0_9",
    "edgenext_xx_small",
    "mobilevit_xxs",
    "efficientvit_b0",
    "coatnet_pico_rw_224",
    "maxvit_pico_rw_256",
    "poolformer_s12",
    "mixer_s32_224",
    "vit_tiny_patch16_224",
    "deit_tiny_patch16_224",
    "eva02_tiny_patch14_224",
    "xcit_nano_12_p8_224",
    "cait_xxs24_224",
    "levit_128s",
    "tiny_vit_5m_224",
    "pvt_v2_b0",
    "swin_tiny_patch4_window7_224",
    "coat_tiny",
    "crossvit_tiny_240",
    "volo_d1_224",
    "halonet_h1",
)

TEXT = """# Exported forms by backbone

`python -m benchmarks.export_table --results FOLDER --out docs/export-table.md` makes this page. Each of {count}
backbones has random weights, batch norms that fit the pictures, {classes} classes, and the smallest of 64, 96, 128,
160, 192 and 224 pixels at which it computes (else its own size). Pictures are random strokes. One image at a time, one
thread, fp32.

- **gap**: largest difference of a probability from torch's, over 48 pictures.
- **equal**: share of these pictures with torch's answer. For int8 and random weights this is a hard case: nothing that
  the network computes is robust, as it is after training. `sketchfit export` measures the loss of accuracy of a trained
  network on held-out drawings, and refuses int8 above 1 point.
- **ms**: of the processor per image, the fastest of 25.
- **refused**: the sentences are below the table. Random weights can make a network unstable.
- **one**: the graph takes one image at a time. **unfolded**: batch norms are not folded into convolutions.

{machine}
"""


def run(folder: Path, names: Sequence[str], seconds: float) -> None:
    """Measure backbones that have no result, as far as the time allows."""
    folder.mkdir(parents=True, exist_ok=True)
    began = time.process_time()
    for name in names:
        path = folder / f"{name}.json"
        if path.is_file():
            continue
        if time.process_time() - began > seconds:
            break
        found = measure(name).to_json()
        path.write_text(json.dumps(found, indent=1), encoding="utf-8")
        print(name, *(f"{form}: {one['why'] or one['ms']}" for form, one in found["forms"].items()), flush=True)


FORMS = ("ONNX", "OpenVINO", "int8", "torch.export")


def page(results: Mapping[str, Mapping[str, Any]]) -> str:
    """Return `docs/export-table.md`."""
    from benchmarks.export_forms import CLASSES

    text = TEXT.format(count=len(results), classes=CLASSES, machine=describe())
    works = {form: sum(_works(one, form) for one in results.values()) for form in FORMS}
    lines = [text, f"| of {len(results)} | {' | '.join(FORMS)} |", "| --- |" + " --- |" * len(FORMS)]
    lines += [f"| work | {' | '.join(str(works[form]) for form in FORMS)} |", ""]
    lines += [
        "| backbone | million parameters | pixels | features | ONNX: gap | notes | OpenVINO: gap | torch.export: gap | "
        "int8: equal | int8: MB of | torch: ms | ONNX: ms | OpenVINO: ms | int8: ms |",
        "| --- |" + " --- |" * 13,
    ]
    lines += [_line(one) for one in results.values()]
    lines += ["", "## Refused", ""]
    refused = [
        f"- {one['name']}, {form}: {one['forms'][form]['why']}"
        for one in results.values()
        for form in FORMS
        if one["forms"].get(form, {}).get("why")
    ]
    return "\n".join([*lines, *(refused or ["None."])]) + "\n"


def _works(found: Mapping[str, Any], form: str) -> bool:
    return form in found["forms"] and not found["forms"][form]["why"]


def _line(found: Mapping[str, Any]) -> str:
    """Return the row of a backbone."""

    def cell(form: str, show: str) -> str:
        if not _works(found, form):
            return "refused" if form in found["forms"] else "–"
        return show.format(**found["forms"][form])

    notes = [word for word, is_so in (("one", not found["any_batch"]), ("unfolded", not found["folded"])) if is_so]
    cells = [
        found["name"],
        f"{found['params']:.2f}",
        str(found["size"]),
        str(found["features"] or "–"),
        cell("ONNX", "{gap:.0e}"),
        ", ".join(notes) if _works(found, "ONNX") else "",
        cell("OpenVINO", "{gap:.0e}"),
        cell("torch.export", "{gap:.0e}"),
        cell("int8", "{equal:.0%}"),
        f"{cell('int8', '{mb:.1f}')} of {cell('ONNX', '{mb:.1f}')}" if _works(found, "int8") else "–",
        f"{found['torch_ms']:.1f}",
        *(cell(form, "{ms:.1f}") for form in FORMS[:3]),
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--only", default="", help="backbones, commas between")
    parser.add_argument("--seconds", type=float, default=300, help="of the processor, after which none begins")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    names = [name for name in given.only.split(",") if name] or BACKBONES
    if given.out is None:
        run(given.results, names, given.seconds)
        return
    files = {name: given.results / f"{name}.json" for name in names}
    results = {name: json.loads(path.read_text()) for name, path in files.items() if path.is_file()}
    given.out.write_text(page(results), encoding="utf-8")


if __name__ == "__main__":
    main()
