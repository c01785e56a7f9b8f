"use strict";
// Static form: from probabilities to an answer, as the service makes it; and the nearest training drawings.

sketchfit.answerOf = (probabilities, {labels, names, rules}) => {
  const order = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]);
  const top = order.slice(0, 5).map((i) => ({label: labels[i], name: names[i], probability: probabilities[i]}));
  const answer = {...top[0], top};
  if (rules.sets) {
    const {score, threshold, coverage} = rules.sets;
    const inside = sketchfit.conformalSet(probabilities, order, score, threshold);
    Object.assign(answer, {coverage, set: inside.map((i) => labels[i])});
  }
  if (rules.unknown) answer.p_value = sketchfit.knownShare(probabilities, rules.unknown);
  return answer;
};

// Classes of a conformal set, most probable first. `order`: classes by descending probability.
sketchfit.conformalSet = (probabilities, order, score, threshold) => {
  const SLACK = 1e-9;
  let total = 0;
  return order.filter((i, rank) => {
    total += probabilities[i];
    const penalty = score === "raps" ? 0.01 * Math.max(0, rank + 1 - 5) : 0;
    const value = score === "lac" ? 1 - probabilities[i] : total + penalty;
    return rank === 0 || value <= threshold + SLACK;
  });
};

// Scores that are high where the network is undecided; see the Python module `inference.unknown_scores`.
sketchfit.SCORES = {
  "least-confidence": (p) => 1 - Math.max(...p),
  entropy: (p) => -sumOver(p, (one) => Math.max(one, 1e-12) * Math.log(Math.max(one, 1e-12))),
  "generalized-entropy": (p) => sumOver(p, (one) => Math.max(one * (1 - one), 0) ** 0.1),
  margin: (p) => {
    const [best, second] = [...p].sort((a, b) => b - a).map((one) => Math.log(Math.max(one, 1e-12)));
    return second - best;
  },
};

function sumOver(values, part) {
  let sum = 0;
  for (const value of values) sum += part(value);
  return sum;
}

// The p-value of a drawing: the share of known drawings, weighed, with at least its score.
sketchfit.knownShare = (probabilities, {score, known, weight}) => {
  const own = sketchfit.SCORES[score](probabilities);
  let [above, all] = [0, 0];
  known.forEach((value, i) => {
    const one = weight?.length ? weight[i] : 1;
    all += one;
    if (value >= own) above += one;
  });
  return (1 + above) / (1 + all);
};

// Half-precision numbers (a Uint16Array of their bits) as a Float32Array.
sketchfit.fromHalf = (bits) => {
  const one = (half) => {
    const sign = half & 0x8000 ? -1 : 1;
    const [exponent, fraction] = [(half >> 10) & 31, half & 1023];
    if (exponent === 0) return sign * fraction * 2 ** -24;
    return exponent === 31 ? NaN : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  };
  const table = Float32Array.from({length: 65536}, (_, half) => one(half));
  return Float32Array.from(bits, (half) => table[half]);
};

// A sample of the training drawings, with features of unit length.
sketchfit.Neighbours = class {
  static SIDE = 64; // of a thumbnail

  static async open({names, rules: {neighbours: {labels, columns}}}) {
    const features = sketchfit.fromHalf(new Uint16Array(await sketchfit.takeEmbedded("features")));
    const sheet = await createImageBitmap(new Blob([await sketchfit.takeEmbedded("thumbnails")], {type: "image/png"}));
    return Object.assign(new sketchfit.Neighbours(), {names, labels, columns, features, sheet});
  }

  nearest(features, count = 8) {
    const size = features.length;
    const length = Math.hypot(...features) || 1;
    const similarity = Float32Array.from(this.labels, (_, row) => {
      let sum = 0;
      for (let i = 0; i < size; i++) sum += this.features[row * size + i] * features[i];
      return sum / length;
    });
    const order = [...similarity.keys()].sort((a, b) => similarity[b] - similarity[a]).slice(0, count);
    return order.map((row) => ({
      name: this.names[this.labels[row]], similarity: similarity[row], thumbnail: this.thumbnail(row),
    }));
  }

  thumbnail(row) {
    const {SIDE} = sketchfit.Neighbours;
    const canvas = Object.assign(document.createElement("canvas"), {width: SIDE, height: SIDE});
    const [x, y] = [(row % this.columns) * SIDE, Math.floor(row / this.columns) * SIDE];
    canvas.getContext("2d").drawImage(this.sheet, x, y, SIDE, SIDE, 0, 0, SIDE, SIDE);
    return canvas.toDataURL();
  }
};
