"""A package like onnxruntime-web whose network is the formulas of the tiny bundle, and the real one where it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sketchfit.errors import UserError
from sketchfit.serving.web_runtime import GLUE, SCRIPT, WASM, find_web_runtime

FAKE = """
var ort = (() => {
  const env = {wasm: {}};
  class Tensor {
    constructor(type, data, dims) {
      Object.assign(this, {type, data, dims});
    }
  }
  function answer({type, data, dims: [count, height, width, channels]}) {
    if (type !== "uint8" || count !== 1 || channels !== 3) throw new Error("wrong input");
    const rows = new Float64Array(height);
    const columns = new Float64Array(width);
    let share = 0;
    for (let i = 0; i < data.length; i++) {
      const dark = (255 - data[i]) / 255 / 3;
      const pixel = Math.floor(i / 3);
      rows[Math.floor(pixel / width)] += dark / width;
      columns[pixel % width] += dark / height;
      share += dark / (width * height);
    }
    const features = [Math.max(...rows), Math.max(...columns), 0.3, share];
    const powers = features.slice(0, 3).map((value) => Math.exp(12 * value));
    const sum = powers.reduce((a, b) => a + b);
    return {probabilities: {data: powers.map((value) => value / sum)}, features: {data: features}};
  }
  async function create(model) {
    const glue = await import(env.wasm.wasmPaths.mjs);
    if (glue.default !== "glue" || new Uint8Array(env.wasm.wasmBinary)[0] !== 7) throw new Error("wrong files");
    if (env.wasm.numThreads !== 1 || model[0] !== 8) throw new Error("wrong model");
    return {inputNames: ["image"], run: async ({image}) => answer(image)};
  }
  return {env, Tensor, InferenceSession: {create}};
})();
"""


def write_fake_runtime(folder: Path) -> Path:
    """Write the package into `node_modules` of a folder; return the package's folder."""
    package = folder / "node_modules" / "onnxruntime-web"
    (package / "dist").mkdir(parents=True)
    (package / SCRIPT).write_text(FAKE)
    (package / GLUE).write_text('export default "glue";')
    (package / WASM).write_bytes(bytes([7]) * 5000)
    (package / "package.json").write_text(json.dumps({"version": "1.2.3"}))
    return package


@pytest.fixture
def real_runtime() -> None:
    """Skip where the real package is not installed."""
    try:
        find_web_runtime()
    except UserError:
        pytest.skip("onnxruntime-web is not installed (npm install onnxruntime-web)")
