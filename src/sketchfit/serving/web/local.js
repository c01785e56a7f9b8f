"use strict";
// Static form: answers from the network inside of this page, without a service.

sketchfit.Local = class {
  constructor() {
    this.calls = new Map();
    this.number = 0;
    this.about = null; // facts of the bundle, and its rules
    this.near = null; // training drawings
  }

  async facts() {
    this.about ??= JSON.parse(await sketchfit.takeEmbeddedText("facts"));
    this.ready ??= this.start();
    return this.about;
  }

  async start() {
    const [runtime, worker, glue] = await Promise.all(["runtime", "worker", "glue"].map(sketchfit.takeEmbeddedText));
    const [wasm, model] = await Promise.all(["wasm", "model"].map(sketchfit.takeEmbedded));
    const address = URL.createObjectURL(new Blob([runtime, "\n", worker], {type: "text/javascript"}));
    const content = {glue, wasm, model};
    try {
      this.worker = await this.open(address);
      return await this.call("start", content);
    } catch {
      this.worker = null;
    }
    await loadScript(address);
    return this.call("start", content);
  }

  // A worker that has loaded its script.
  open(address) {
    const worker = new Worker(address);
    worker.addEventListener("message", ({data: {id, result, error}}) => {
      const {resolve, reject} = this.calls.get(id);
      this.calls.delete(id);
      if (error === undefined) resolve(result);
      else reject(new Error(error));
    });
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      for (const {reject} of this.calls.values()) reject(new Error("the worker stopped"));
      this.calls.clear();
    });
    return worker;
  }

  call(kind, content) {
    if (!this.worker) return sketchfit.localCall(kind, content);
    return new Promise((resolve, reject) => {
      const id = this.number++;
      this.calls.set(id, {resolve, reject});
      this.worker.postMessage({id, kind, content});
    });
  }

  async started() {
    try {
      await this.ready;
    } catch (error) {
      if (error instanceof sketchfit.Problem) throw error;
      console.error(error);
      throw new sketchfit.Problem("The network can't be started in this browser.");
    }
  }

  async predict(picture) {
    const pixels = sketchfit.pixelsOf(picture.canvas());
    await this.started();
    const begin = performance.now();
    const {probabilities} = await this.call("run", pixels);
    return {...sketchfit.answerOf(probabilities, this.about), milliseconds: performance.now() - begin};
  }

  async explain(picture, current) {
    const pixels = sketchfit.pixelsOf(picture.canvas());
    await this.started();
    const {probabilities, features} = await this.call("run", pixels);
    const label = probabilities.indexOf(Math.max(...probabilities));
    const one = async (covered) => (await this.call("run", covered)).probabilities[label];
    const heat = await sketchfit.occlusionHeat(pixels, probabilities[label], one, current);
    return {
      label: this.about.labels[label],
      name: this.about.names[label],
      probability: probabilities[label],
      heat,
      picture: picture.canvas().toDataURL(),
      neighbours: features ? await this.neighbours(features) : [],
    };
  }

  async neighbours(features) {
    if (!this.about.neighbours) return [];
    this.near ??= await sketchfit.Neighbours.open(this.about);
    return this.near.nearest(features);
  }
};

function loadScript(address) {
  return new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement("script"), {src: address, onload: resolve, onerror: reject});
    document.head.append(script);
  });
}
