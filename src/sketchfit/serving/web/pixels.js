"use strict";
// Static form: pictures as the arrays that the network takes.

// Longer side of a picture from a file, in pixels: larger ones are reduced first.
sketchfit.MOST_PIXELS = 2048;

// A canvas of a picture from a file, on white where it is transparent.
sketchfit.pictureCanvas = (bitmap) => {
  const scale = Math.min(1, sketchfit.MOST_PIXELS / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale)));
  const canvas = Object.assign(document.createElement("canvas"), {width, height});
  const context = canvas.getContext("2d", {willReadFrequently: true});
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  return canvas;
};

// {data: Uint8Array [height × width × 3], height, width, channels: 3} of a canvas; the graph makes it grey if it must.
sketchfit.pixelsOf = (canvas) => {
  const {width, height} = canvas;
  const {data: rgba} = canvas.getContext("2d").getImageData(0, 0, width, height);
  const data = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4) {
    data[to++] = rgba[from];
    data[to++] = rgba[from + 1];
    data[to++] = rgba[from + 2];
  }
  return {data, height, width, channels: 3};
};

// The colour of the paper: the median of each channel along the frame.
sketchfit.paperOf = ({data, height, width, channels}) => {
  const frame = [];
  for (let x = 0; x < width; x++) frame.push(x, (height - 1) * width + x);
  for (let y = 0; y < height; y++) frame.push(y * width, y * width + width - 1);
  return Array.from({length: channels}, (_, channel) => {
    const values = frame.map((at) => data[at * channels + channel]).sort((a, b) => a - b);
    return values[values.length >> 1];
  });
};

// Heat by occlusion, as the service computes it: cells of a grid, windows of 2 × 2 cells, a mean over the windows.
//
// `probability(pixels)` returns that of the class; `full` is that of the picture. Returns rows of cells, or null where
// `current()` is false in between.
sketchfit.occlusionHeat = async (pixels, full, probability, current, grid = 8) => {
  const paper = sketchfit.paperOf(pixels);
  const edges = (side) => Array.from({length: grid + 1}, (_, i) => Math.round((i * side) / grid));
  const [rowEdges, columnEdges] = [edges(pixels.height), edges(pixels.width)];
  const sum = new Float64Array(grid * grid);
  const count = new Float64Array(grid * grid);
  for (let top = -1; top < grid; top++) {
    for (let left = -1; left < grid; left++) {
      const cells = {top: Math.max(0, top), left: Math.max(0, left), bottom: Math.min(grid, top + 2), right: Math.min(grid, left + 2)};
      const box = {
        top: rowEdges[cells.top], bottom: rowEdges[cells.bottom], left: columnEdges[cells.left], right: columnEdges[cells.right],
      };
      const covered = sketchfit.covered(pixels, paper, box);
      const drop = covered ? full - (await probability(covered)) : 0;
      if (!current()) return null;
      for (let row = cells.top; row < cells.bottom; row++) {
        for (let column = cells.left; column < cells.right; column++) {
          sum[row * grid + column] += drop;
          count[row * grid + column]++;
        }
      }
    }
  }
  const row = (y) => Array.from({length: grid}, (_, x) => sum[y * grid + x] / count[y * grid + x]);
  return Array.from({length: grid}, (_, y) => row(y));
};

// A copy with a box in the paper's colour; null where the box holds only paper.
sketchfit.covered = (pixels, paper, {top, left, bottom, right}) => {
  const {width, channels} = pixels;
  const data = pixels.data.slice();
  let inked = false;
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      for (let channel = 0; channel < channels; channel++) {
        const at = (y * width + x) * channels + channel;
        inked ||= Math.abs(data[at] - paper[channel]) > 24;
        data[at] = paper[channel];
      }
    }
  }
  return inked ? {...pixels, data} : null;
};
