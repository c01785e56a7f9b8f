"use strict";
// Static form: the network in ONNX Runtime, in a worker; in the page itself where it may start no worker.
// `ort` is the runtime, loaded before this file.
(() => {
  let session = null;
  let last = Promise.resolve(); // a session answers one call at a time

  async function start({glue, wasm, model}) {
    ort.env.wasm.numThreads = 1; // more need headers that a folder does not send
    ort.env.wasm.wasmPaths = {mjs: URL.createObjectURL(new Blob([glue], {type: "text/javascript"}))};
    ort.env.wasm.wasmBinary = wasm;
    session = await ort.InferenceSession.create(new Uint8Array(model), {executionProviders: ["wasm"]});
  }

  async function run({data, height, width, channels}) {
    const image = new ort.Tensor("uint8", data, [1, height, width, channels]);
    const {probabilities, features} = await session.run({[session.inputNames[0]]: image});
    return {probabilities: probabilities.data.slice(), features: features ? features.data.slice() : null};
  }

  const works = {start, run};
  const call = (kind, content) => {
    const result = last.then(() => works[kind](content));
    last = result.catch(() => null);
    return result;
  };

  if (typeof WorkerGlobalScope === "undefined") {
    sketchfit.localCall = call;
    return;
  }
  addEventListener("message", async ({data: {id, kind, content}}) => {
    try {
      postMessage({id, result: await call(kind, content)});
    } catch (error) {
      postMessage({id, error: String(error?.message ?? error)});
    }
  });
})();
