"use strict";
// The answer: five bars, the prediction set, and whether the drawing may be of no class.

sketchfit.percent = (share) => {
  const percent = 100 * share;
  if (percent > 0 && percent < 0.1) return "< 0.1\u00a0%";
  if (percent < 100 && percent > 99.9) return "> 99.9\u00a0%";
  if (percent === 0 || percent === 100) return `${percent}\u00a0%`;
  return `${percent.toFixed(percent < 10 || percent > 99 ? 1 : 0)}\u00a0%`;
};

sketchfit.element = (tag, {text, ...properties} = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  if (text !== undefined) made.textContent = text;
  made.append(...children);
  return made;
};

sketchfit.AnswerView = class {
  static MOST_IN_SET = 12;
  static REJECTED = 0.05;

  constructor(find) {
    this.parts = Object.fromEntries(["answer", "empty", "top", "set", "unknown", "spoken"].map((id) => [id, find(`#${id}`)]));
    this.rows = [];
    this.timer = 0;
  }

  clear() {
    this.parts.answer.hidden = true;
    this.parts.empty.hidden = false;
    this.say("");
  }

  show(answer) {
    this.parts.empty.hidden = true;
    this.parts.answer.hidden = false;
    this.showTop(answer.top);
    this.showSet(answer);
    const unknown = this.showUnknown(answer);
    const [best] = answer.top;
    const doubt = unknown ? "Perhaps none of the classes. " : "";
    this.say(`${doubt}${best.name}, ${sketchfit.percent(best.probability)}`, 900);
  }

  // The rows stay, so that the bars move.
  showTop(top) {
    while (this.rows.length > top.length) this.rows.pop().row.remove();
    while (this.rows.length < top.length) this.rows.push(this.addRow());
    top.forEach(({name, probability}, i) => {
      const {row, label, share, bar} = this.rows[i];
      if (label.textContent !== name) label.textContent = name;
      share.textContent = sketchfit.percent(probability);
      bar.style.transform = `scaleX(${probability})`;
      row.classList.toggle("faint", probability < 0.005);
    });
  }

  addRow() {
    const {element} = sketchfit;
    const [label, share, bar] = [element("b"), element("span"), element("i")];
    const row = element("li", {}, element("div", {}, label, share), element("div", {className: "track"}, bar));
    this.parts.top.append(row);
    return {row, label, share, bar};
  }

  showSet({set: names, coverage}) {
    const {set} = this.parts;
    set.hidden = !names?.length;
    if (set.hidden) return;
    const shown = names.slice(0, sketchfit.AnswerView.MOST_IN_SET);
    const chips = shown.map((name) => sketchfit.element("span", {className: "chip", text: this.nameOf?.(name) ?? name}));
    const probability = coverage ? ` with ${sketchfit.percent(coverage)} probability` : "";
    set.replaceChildren(sketchfit.element("span", {className: "lead", text: `It is among these${probability}:`}), ...chips);
    if (names.length > shown.length) set.append(sketchfit.element("span", {className: "lead", text: `and ${names.length - shown.length} more`}));
  }

  // Drawings of known classes get this note with at most the probability `REJECTED`.
  showUnknown({unknown, p_value: p}) {
    const doubtful = unknown || (typeof p === "number" && p <= sketchfit.AnswerView.REJECTED);
    this.parts.unknown.hidden = !doubtful;
    const how = typeof p === "number" ? ` Only ${sketchfit.percent(p)} of the drawings of known classes look as unfamiliar.` : "";
    this.parts.unknown.textContent = doubtful ? `Perhaps none of the classes.${how}` : "";
    return doubtful;
  }

  // For screen readers, when the hand rests.
  say(text, delay = 0) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.parts.spoken.textContent = text;
    }, delay);
  }
};
