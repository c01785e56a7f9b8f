const data = JSON.parse($("#data").textContent);
const { names, rows, sprites, side, columns } = data;
const byClass = names.map(() => []);
rows.label.forEach((label, place) => byClass[label].push(place));
const position = new Map();
byClass.forEach((places) => places.forEach((place, k) => position.set(place, k)));
const isRight = (place) => rows.answer[place] === rows.label[place];
const describe = (place) => `${rows.path[place]}: ${names[rows.label[place]]}` +
  (isRight(place) ? `, right with ${percent(rows.confidence[place] / 1000)}`
    : `, predicted as ${names[rows.answer[place]]} with ${percent(rows.confidence[place] / 1000)}; true class ${percent(rows.own[place] / 1000)}`);

function thumb(place) {
  const k = position.get(place), uri = sprites[rows.label[place]];
  const node = el("span", { className: `thumb ${isRight(place) ? "right" : "wrong"}`, role: "img", title: describe(place) });
  node.setAttribute("aria-label", describe(place));
  node.style.width = node.style.height = side + "px";
  node.style.backgroundImage = `url("${uri}")`;
  node.style.backgroundPosition = `-${(k % columns) * side}px -${Math.floor(k / columns) * side}px`;
  return node;
}

// The drawings of a class.
const dialog = $("#class-dialog");
let opened = null, shownKind = "all";
function fillDialog() {
  const places = byClass[opened].filter((place) => shownKind === "all" || isRight(place) === (shownKind === "right"));
  places.sort((a, b) => rows.own[a] - rows.own[b]);
  $("#class-title").textContent = names[opened];
  const right = byClass[opened].filter(isRight).length;
  $("#class-text").textContent = `${right} of ${byClass[opened].length} drawings are right. The least probable come first; a red frame marks an error.`;
  $("#class-drawings").replaceChildren(...places.map(thumb));
  const wrong = new Map();
  for (const place of byClass[opened]) if (!isRight(place)) wrong.set(rows.answer[place], (wrong.get(rows.answer[place]) || 0) + 1);
  $("#class-answers").textContent = wrong.size ? "Confused with: " + [...wrong].sort((a, b) => b[1] - a[1]).map(([c, n]) => `${names[c]} (${n})`).join(", ") : "Never confused with another class.";
  $$("#class-kinds button").forEach((button) => button.setAttribute("aria-pressed", button.value === shownKind));
}
function openClass(index) { opened = index; shownKind = "all"; fillDialog(); dialog.showModal(); }
$$("#class-kinds button").forEach((button) => button.addEventListener("click", () => { shownKind = button.value; fillDialog(); }));
$("#class-dialog .close").addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-class]");
  if (button) openClass(Number(button.dataset.class));
});

// Drawings of the pairs with most errors.
for (const box of $$(".pair-thumbs")) {
  const [from, to] = [Number(box.dataset.from), Number(box.dataset.to)];
  box.append(...byClass[from].filter((place) => rows.answer[place] === to).slice(0, 6).map(thumb));
}

// Gallery of errors.
const gallery = $("#gallery");
if (gallery) {
  const order = $("#gallery-order"), search = $("#gallery-search"), kind = $("#gallery-kind");
  const picture = (uri, caption, alt) => el("figure", {}, el("img", { src: uri, alt, loading: "lazy" }), el("figcaption", { textContent: caption }));
  const card = (item) => {
    const pictures = el("div", { className: "pictures" });
    pictures.append(picture(item.original, "original", `drawing ${rows.path[item.place]}`), picture(item.input, "network's input", "the network's input"));
    if (item.heat) pictures.append(picture(item.heat, `evidence for “${names[item.top[0][0]]}”`, "heat map of the evidence for the answer"));
    const list = el("ol", { className: "probs" });
    for (const [index, p] of item.top) {
      const bar = el("i"); bar.style.width = Math.max(1, 100 * p) + "%";
      list.append(el("li", { className: index === rows.label[item.place] ? "true" : "" }, el("span", { textContent: names[index] }), el("span", {}, bar), el("span", { className: "n", textContent: percent(p) })));
    }
    const title = el("h3", {}, el("button", { className: "link", type: "button", textContent: names[rows.label[item.place]] }),
      isRight(item.place) ? " (right; members disagree)" : ` predicted as ${names[rows.answer[item.place]]}`);
    $("button", title).dataset.class = rows.label[item.place];
    const note = `loss ${item.loss.toFixed(2)}, confidence ${percent(rows.confidence[item.place] / 1000)}` + (data.members > 1 ? `, disagreement ${item.disagreement.toFixed(2)}` : "") + `, true class ranked ${item.rank + 1}`;
    return el("article", { className: "card" }, title, pictures, list, el("small", { textContent: note }), el("br"), el("small", { textContent: rows.path[item.place] }));
  };
  const keys = { loss: (item) => item.loss, confidence: (item) => rows.confidence[item.place], disagreement: (item) => item.disagreement };
  const more = $("#gallery-more"), step = 24;
  let most = step;
  const show = () => {
    const wanted = search.value.trim().toLowerCase();
    const items = data.gallery.filter((item) => (kind.value === "all" || item.reasons.includes(kind.value)) &&
      (!wanted || `${names[rows.label[item.place]]} ${names[rows.answer[item.place]]} ${rows.path[item.place]}`.toLowerCase().includes(wanted)));
    items.sort((a, b) => keys[order.value](b) - keys[order.value](a));
    gallery.replaceChildren(...items.slice(0, most).map(card));
    more.hidden = items.length <= most;
    $("#gallery-count").textContent = `${Math.min(most, items.length)} of ${items.length} shown`;
  };
  [order, kind].forEach((control) => control.addEventListener("change", () => { most = step; show(); }));
  search.addEventListener("input", () => { most = step; show(); });
  more.addEventListener("click", () => { most += step; show(); });
  show();
}

// A canvas with zoom: wheel with Ctrl, buttons, + and − keys; move with arrow keys or by dragging.
class Viewport {
  constructor(box, width, height, draw, hover, pick) {
    Object.assign(this, { box, width, height, draw, hover, pick, zoom: 1, x: 0, y: 0 });
    this.canvas = $("canvas", box);
    this.canvas.tabIndex = 0;
    const buttons = $$("button[data-zoom]", box);
    buttons.forEach((button) => button.addEventListener("click", () => this.scale(Number(button.dataset.zoom))));
    this.canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && this.zoom === 1) return;
      event.preventDefault();
      this.scale(event.deltaY < 0 ? 1.25 : 0.8, this.at(event));
    }, { passive: false });
    this.canvas.addEventListener("keydown", (event) => {
      const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (move && this.zoom > 1) { this.pan(move[0] * this.width / this.zoom / 8, move[1] * this.height / this.zoom / 8); event.preventDefault(); }
      if (event.key === "+" || event.key === "=") this.scale(1.5);
      if (event.key === "-") this.scale(1 / 1.5);
    });
    let from = null, moved = false;
    this.canvas.addEventListener("pointerdown", (event) => { from = event; moved = false; });
    this.canvas.addEventListener("pointermove", (event) => {
      if (from && event.buttons && this.zoom > 1) {
        const rect = this.canvas.getBoundingClientRect();
        this.pan((from.clientX - event.clientX) / rect.width * this.width / this.zoom, (from.clientY - event.clientY) / rect.height * this.height / this.zoom);
        moved = moved || Math.hypot(from.clientX - event.clientX, from.clientY - event.clientY) > 2;
        from = event;
      } else this.hover(...this.at(event), this);
    });
    this.canvas.addEventListener("pointerup", () => { from = null; });
    this.canvas.addEventListener("click", (event) => { if (!moved) { this.hover(...this.at(event), this); this.pick(...this.at(event), this); } });
    addEventListener("resize", () => this.paint());
    addEventListener("themechange", () => this.paint());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.paint());
    this.paint();
  }
  at(event) {
    const rect = this.canvas.getBoundingClientRect();
    return [this.x + (event.clientX - rect.left) / rect.width * this.width / this.zoom, this.y + (event.clientY - rect.top) / rect.height * this.height / this.zoom];
  }
  scale(factor, at = [this.x + this.width / this.zoom / 2, this.y + this.height / this.zoom / 2]) {
    const zoom = Math.min(60, Math.max(1, this.zoom * factor));
    this.x = at[0] - (at[0] - this.x) * this.zoom / zoom;
    this.y = at[1] - (at[1] - this.y) * this.zoom / zoom;
    this.zoom = zoom;
    this.canvas.style.touchAction = zoom > 1 ? "none" : "pan-y";
    this.pan(0, 0);
  }
  pan(dx, dy) {
    this.x = Math.min(Math.max(0, this.x + dx), this.width - this.width / this.zoom);
    this.y = Math.min(Math.max(0, this.y + dy), this.height - this.height / this.zoom);
    this.paint();
  }
  paint() {
    const ratio = Math.min(2, devicePixelRatio || 1), shown = this.canvas.clientWidth || 600;
    this.canvas.width = shown * ratio;
    this.canvas.height = shown * ratio * this.height / this.width;
    this.canvas.style.height = shown * this.height / this.width + "px";
    const context = this.canvas.getContext("2d"), k = this.canvas.width / this.width * this.zoom;
    context.setTransform(k, 0, 0, k, -this.x * k, -this.y * k);
    this.draw(context, k);
  }
}
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// The confusion matrix, classes in clustered order.
const matrixBox = $("#matrix");
if (matrixBox) {
  const order = data.matrix.order, count = order.length, place = new Array(count);
  order.forEach((index, k) => { place[index] = k; });
  const sizes = byClass.map((places) => places.length), cells = new Map();
  for (const [from, to, n] of data.matrix.cells) cells.set(place[from] * count + place[to], n);
  const readout = $("#matrix-readout");
  const cellAt = (x, y) => [order[Math.floor(y)], order[Math.floor(x)], cells.get(Math.floor(y) * count + Math.floor(x)) || 0];
  new Viewport(matrixBox, count, count, (context, k) => {
    const wrong = colour("--bad"), right = colour("--good");
    for (const [key, n] of cells) {
      const row = Math.floor(key / count), column = key % count, share = n / (sizes[order[row]] || 1);
      context.globalAlpha = 0.25 + 0.75 * Math.sqrt(share);
      context.fillStyle = row === column ? right : wrong;
      // At 500 classes a cell is about a pixel: errors are drawn a little larger, to be visible.
      const grow = row === column ? 0 : Math.max(0, 1.6 / k - 1) / 2;
      context.fillRect(column - grow, row - grow, 1 + 2 * grow, 1 + 2 * grow);
      if (k > 26) { context.globalAlpha = 1; context.fillStyle = colour("--text"); context.font = `${11 / k}px system-ui`; context.fillText(n, column + 0.3, row + 0.6); }
    }
    context.globalAlpha = 1;
  }, (x, y) => {
    if (x < 0 || y < 0 || x >= count || y >= count) return;
    const [from, to, n] = cellAt(x, y);
    const drawings = byClass[from].filter((p) => rows.answer[p] === to).slice(0, 5).map(thumb);
    readout.replaceChildren(el("span", { textContent: from === to ? `${names[from]}: ${n} of ${sizes[from]} right` : `${names[from]} predicted as ${names[to]}: ${n} of ${sizes[from]}` }), ...drawings);
  }, (x, y) => { const [from] = cellAt(x, y); if (from !== undefined && matchMedia("(hover: hover)").matches) openClass(from); });
}

// The embedding map.
const mapBox = $("#embedding");
if (mapBox) {
  const points = data.map, readout = $("#embedding-readout"), only = $("#embedding-search");
  const hue = (label) => `hsl(${(label * 137.508) % 360} 65% ${matchMedia("(prefers-color-scheme: dark)").matches ? 65 : 45}%)`;
  let wanted = "";
  const visible = (place) => !wanted || names[rows.label[place]].toLowerCase().includes(wanted);
  const view = new Viewport(mapBox, 1000, 700, (context, k) => {
    for (const [place, x, y] of points) {
      context.globalAlpha = visible(place) ? 0.85 : 0.08;
      context.fillStyle = hue(rows.label[place]);
      context.beginPath(); context.arc(x, y, 4 / Math.sqrt(k), 0, 7); context.fill();
      if (!isRight(place)) { context.strokeStyle = colour("--bad"); context.lineWidth = 1.5 / k; context.stroke(); }
    }
    context.globalAlpha = 1;
  }, (x, y) => {
    let best = null, least = Infinity;
    for (const [place, px, py] of points) {
      const distance = (px - x) ** 2 + (py - y) ** 2;
      if (visible(place) && distance < least) { least = distance; best = place; }
    }
    if (best !== null) readout.replaceChildren(thumb(best), el("span", { textContent: describe(best) }));
  }, () => {});
  only.addEventListener("input", () => { wanted = only.value.trim().toLowerCase(); view.paint(); });
}
