"use strict";
// Facts of the network: how accurate it is, what it is, and how fast it answers here.

sketchfit.size = (bytes) => bytes < 1e5 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;

sketchfit.FactsView = class {
  constructor(find) {
    this.list = find("#facts");
    this.subtitle = find("#subtitle");
    this.times = [];
  }

  show(facts) {
    const count = facts.labels.length.toLocaleString("en");
    this.subtitle.textContent = `${count} classes, ${facts.run}`;
    document.title = `Draw: ${facts.run}`;
    const {network, accuracy: {network: accuracy, ensemble, claim}} = facts;
    this.list.replaceChildren();
    this.add("Accuracy", accuracy && estimate(accuracy), facts.accuracy.measured_on);
    if (claim) this.add("The complete run", estimate(claim), "what it claims for new drawings");
    else this.add("The complete run", ensemble && estimate(ensemble));
    this.add("Backbone", network.architecture, `${millions(network.parameters)} million weights`);
    this.add("Licence of its weights", network.licence);
    this.add("Size", facts.bytes && sketchfit.size(facts.bytes));
    this.add("Input", `${facts.preprocessing.size} × ${facts.preprocessing.size} pixels`);
    this.time = this.add("Time per answer", "–");
  }

  add(title, text, note) {
    if (!text) return null;
    const {element} = sketchfit;
    const value = element("dd", {text});
    if (note) value.append(" ", element("small", {text: note}));
    this.list.append(element("div", {}, element("dt", {text: title}), value));
    return value;
  }

  // Median of the last answers.
  showTime(milliseconds) {
    this.times = [...this.times.slice(-14), milliseconds];
    const middle = [...this.times].sort((a, b) => a - b)[this.times.length >> 1];
    if (this.time) this.time.textContent = `${middle < 10 ? middle.toFixed(1) : Math.round(middle)} ms`;
  }
};

const millions = (count) => (count / 1e6).toFixed(count < 1e6 ? 2 : 1);

function estimate({value, low, high, n}) {
  const percent = (share) => (100 * share).toFixed(1);
  return `${percent(value)} % (95 % interval ${percent(low)}–${percent(high)}, n = ${n.toLocaleString("en")})`;
}
