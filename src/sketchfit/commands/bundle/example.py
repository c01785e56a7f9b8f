"""Label images with ONNX Runtime: `python example.py IMAGE…`, after `pip install onnxruntime pillow`."""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

if __name__ == "__main__":
    labels = json.loads((Path(__file__).parent / "bundle.json").read_text(encoding="utf-8"))["labels"]
    session = onnxruntime.InferenceSession(Path(__file__).parent / "model.onnx")
    for path in sys.argv[1:]:
        drawing = ImageOps.exif_transpose(Image.open(path))
        if drawing.mode.startswith("I"):  # grey with 16 bits
            drawing = Image.fromarray(np.uint8(np.round(np.asarray(drawing) / 257)))
        drawing = drawing.convert("RGBA")
        drawing = Image.alpha_composite(Image.new("RGBA", drawing.size, "white"), drawing).convert("RGB")
        prob = session.run(["probabilities"], {"image": np.asarray(drawing)[None]})[0][0]
        print(path, labels[prob.argmax()], f"{prob.max():.3f}", sep="\t")
