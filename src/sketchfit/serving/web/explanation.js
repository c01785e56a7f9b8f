"use strict";
// Why: the heat map over the picture that the network received, and the nearest training drawings.

sketchfit.HEAT = {for: [234, 88, 12], against: [37, 99, 235]};

sketchfit.ExplanationView = class {
  constructor(find) {
    const ids = ["explanation", "received", "heat", "heat-text", "near", "near-list"];
    this.parts = Object.fromEntries(ids.map((id) => [id, find(`#${id}`)]));
  }

  clear() {
    this.parts.explanation.hidden = true;
  }

  show({name, probability, heat, picture, neighbours}) {
    const {received, explanation, near} = this.parts;
    received.src = picture;
    this.paint(heat);
    this.describe(name, probability, heat);
    near.hidden = !neighbours?.length;
    if (neighbours?.length) this.parts["near-list"].replaceChildren(...neighbours.map(card));
    explanation.hidden = false;

    function card(one) {
      const {element} = sketchfit;
      return element(
        "li", {},
        element("img", {src: one.thumbnail, alt: "", width: 64, height: 64}),
        element("span", {text: one.name, title: one.name}),
        element("small", {text: one.similarity.toFixed(2), title: "Cosine of the features"}),
      );
    }
  }

  // One pixel per cell; the style sheet enlarges them smoothly.
  paint(heat) {
    const canvas = this.parts.heat;
    const size = heat.length;
    canvas.width = canvas.height = size;
    const context = canvas.getContext("2d");
    const image = context.createImageData(size, size);
    const most = Math.max(1e-6, ...heat.flat().map(Math.abs));
    heat.flat().forEach((value, i) => {
      const colour = value > 0 ? sketchfit.HEAT.for : sketchfit.HEAT.against;
      image.data.set([...colour, Math.round(200 * Math.abs(value) / most)], 4 * i);
    });
    context.putImageData(image, 0, 0);
  }

  describe(name, probability, heat) {
    const most = Math.max(...heat.flat());
    const text = this.parts["heat-text"];
    const {element, percent} = sketchfit;
    text.replaceChildren(element("b", {text: name}), ` has ${percent(probability)}. `);
    text.append(
      most < 0.01
        ? "No single part decides: covering one changes next to nothing."
        : `Covering the strongest part costs ${Math.round(100 * most)} points.`,
    );
  }
};
