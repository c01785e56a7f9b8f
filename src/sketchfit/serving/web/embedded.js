"use strict";
// Static form: files that came as script tags, since a page opened from a folder may fetch nothing.
//
// Each script calls `sketchfit.embed(name, index, count, base64)` with a part of a file compressed by gzip.

sketchfit.parts = new Map();

sketchfit.embed = (name, index, count, text) => {
  if (!sketchfit.parts.has(name)) sketchfit.parts.set(name, new Array(count).fill(null));
  sketchfit.parts.get(name)[index] = Uint8Array.fromBase64?.(text) ?? Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
};

// The content of a file, an ArrayBuffer; its parts are forgotten.
sketchfit.takeEmbedded = async (name) => {
  const parts = sketchfit.parts.get(name);
  if (!parts || parts.includes(null)) throw new sketchfit.Problem(`The page is incomplete: a part of its folder "data" is missing.`);
  sketchfit.parts.delete(name);
  const stream = new Blob(parts).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
};

sketchfit.takeEmbeddedText = async (name) => new TextDecoder().decode(await sketchfit.takeEmbedded(name));
