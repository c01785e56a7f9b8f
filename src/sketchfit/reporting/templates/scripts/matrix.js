// The confusion matrix: a table of some classes or of all, with search, keyboard and download.
// Isolating marks keep a name that is written from right to left apart from the text around it.
const isolated = (index) => `\u2068${names[index]}\u2069`;
const matrixTable = $("#matrix-table");
const matrix = matrixTable && {
  order: data.matrix.order,
  place: new Map(data.matrix.order.map((index, k) => [index, k])),
  counts: new Map(data.matrix.cells.map(([from, to, n]) => [from * names.length + to, n])),
  count: (from, to) => matrix.counts.get(from * names.length + to) || 0,
  // Drawings of each class in cells that are too small for the page. Such a cell has at most `left_out` drawings.
  unlisted: data.matrix.cells.reduce((left, [from, , n]) => { left[from] -= n; return left; }, [...totals]),
  isListed: (from, to) => matrix.counts.has(from * names.length + to) || !matrix.unlisted[from],
  number: (from, to) => matrix.isListed(from, to) ? `${matrix.count(from, to)}` : `at most ${data.matrix.left_out}`,
  describe: (from, to) => from === to ? `${isolated(from)}: ${matrix.number(from, to)} of ${totals[from]} right`
    : `${isolated(from)} predicted as ${isolated(to)}: ${matrix.number(from, to)} of ${totals[from]}`,
  orders: {
    near: (a, b) => matrix.place.get(a) - matrix.place.get(b),
    name: (a, b) => names[a].localeCompare(names[b], undefined, { numeric: true }),
    right: (a, b) => matrix.count(a, a) / (totals[a] || 1) - matrix.count(b, b) / (totals[b] || 1),
  },
};
if (matrixTable) {
  const readout = $("#matrix-readout"), status = $("#matrix-status"), search = $("#matrix-search"), order = $("#matrix-order"), unit = $("#matrix-unit");
  let shown = data.matrix.shown, marked = new Set(), current = $("td[tabindex]", matrixTable);

  // The same cells as in the template.
  const head = (index) => el("th", { scope: "col", className: "turned", title: names[index], "data-class": index }, el("span", { dir: "auto", textContent: names[index] }));
  const tail = (text) => el("th", { scope: "col", className: "turned" }, el("span", { textContent: text }));
  const cell = (from, to) => {
    if (!matrix.isListed(from, to)) return el("td", { className: "dim", textContent: `≤${data.matrix.left_out}` });
    const n = matrix.count(from, to), share = n / (totals[from] || 1);
    const text = unit.value === "drawings" || !n ? n : share < 0.005 ? "<1" : Math.round(100 * share);
    return n || from === to ? el("td", { className: from === to ? "hit" : "miss", style: `--v:${Math.round(45 * Math.sqrt(share))}`, textContent: text }) : el("td");
  };
  const line = (from, partial) => {
    const others = totals[from] - shown.reduce((sum, to) => sum + matrix.count(from, to), 0);
    return el("tr", {}, el("th", { scope: "row", title: names[from], dir: "auto", "data-class": from, textContent: names[from] }),
      ...shown.map((to) => cell(from, to)), ...(partial ? [el("td", { textContent: others || "" })] : []), el("td", { textContent: totals[from] }));
  };
  matrix.show = (classes, found = new Set()) => {
    shown = [...new Set(classes)].sort(matrix.orders[order.value]);
    marked = found;
    const partial = shown.length < names.length;
    matrixTable.tHead.rows[0].replaceChildren(el("th", { scope: "col", className: "corner", textContent: "true class ↓\npredicted class →" }), ...shown.map(head), ...(partial ? [tail("other classes")] : []), tail("drawings"));
    matrixTable.tBodies[0].replaceChildren(...shown.map((from) => line(from, partial)));
    for (const one of $$("th[data-class]", matrixTable)) one.classList.toggle("found", found.has(Number(one.dataset.class)));
    current = matrixTable.rows[1].cells[1];
    current.tabIndex = 0;
    readout.replaceChildren();
  };
  matrix.focus = (from, to) => choose(matrixTable.rows[shown.indexOf(from) + 1].cells[shown.indexOf(to) + 1]);

  // One cell can be reached with Tab, the others with the arrow keys.
  const choose = (next) => {
    current.tabIndex = -1;
    current.removeAttribute("aria-selected");
    current = next;
    current.tabIndex = 0;
    current.setAttribute("aria-selected", "true");
    current.focus({ preventScroll: true });
    current.scrollIntoView({ block: "nearest", inline: "nearest" });
    const [from, to] = [shown[current.parentNode.rowIndex - 1], shown[current.cellIndex - 1]];
    if (current.tagName === "TH" || to === undefined) { readout.replaceChildren(el("span", { textContent: current.title || current.textContent })); return; }
    const places = byClass[from].filter((place) => rows.answer[place] === to);
    readout.replaceChildren(el("span", { textContent: matrix.describe(from, to) }), el("div", { className: "thumbs" }, ...places.slice(0, 60).map(thumb)));
  };
  const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], PageUp: [-10, 0], PageDown: [10, 0], Home: [0, -1e6], End: [0, 1e6] };
  matrixTable.addEventListener("keydown", (event) => {
    const move = moves[event.key];
    if (event.key === "Enter" || event.key === " ") { event.target.click(); event.preventDefault(); }
    if (!move || event.ctrlKey || event.altKey || event.metaKey) return;
    const within = (value, most) => Math.min(Math.max(0, value), most);
    const row = matrixTable.rows[within(current.parentNode.rowIndex + move[0], matrixTable.rows.length - 1)];
    choose(row.cells[within(current.cellIndex + move[1], row.cells.length - 1)]);
    event.preventDefault();
  });
  matrixTable.addEventListener("click", (event) => { const one = event.target.closest("th, td"); if (one) choose(one); });
  matrixTable.addEventListener("focusin", (event) => { if (event.target === current && !current.hasAttribute("aria-selected")) choose(current); });
  matrixTable.addEventListener("mouseover", (event) => {
    const one = event.target.closest("td");
    if (one && shown[one.cellIndex - 1] !== undefined) one.title = matrix.describe(shown[one.parentNode.rowIndex - 1], shown[one.cellIndex - 1]);
  });

  for (const choice of [order, unit]) choice.addEventListener("change", () => matrix.show(shown, marked));
  search.addEventListener("input", () => {
    const wanted = search.value.trim().toLowerCase();
    const found = names.map((_, index) => index).filter((index) => names[index].toLowerCase().includes(wanted));
    if (!wanted || !found.length) { matrix.show(data.matrix.shown); status.textContent = wanted ? "No class has this in its name." : ""; return; }
    const wantedSet = new Set(found), near = new Map();
    for (const [from, to, n] of data.matrix.cells) {
      if (wantedSet.has(from) && !wantedSet.has(to)) near.set(to, (near.get(to) || 0) + n);
      if (wantedSet.has(to) && !wantedSet.has(from)) near.set(from, (near.get(from) || 0) + n);
    }
    const confused = [...near].sort((a, b) => b[1] - a[1]).map(([index]) => index);
    matrix.show([...found, ...confused].slice(0, data.matrix.most), wantedSet);
    status.textContent = `${found.length} of ${names.length} classes, and those that they are confused with`;
  });
  // A list of the cells; what the page does not have of a class is in a line at the end.
  const cellList = () => {
    const cells = [...data.matrix.cells].sort((a, b) => matrix.place.get(a[0]) - matrix.place.get(b[0]) || matrix.place.get(a[1]) - matrix.place.get(b[1]));
    const others = matrix.order.filter((from) => matrix.unlisted[from]);
    return [["true class", "predicted class", "drawings"], ...cells.map(([from, to, n]) => [names[from], names[to], n]),
      ...others.map((from) => [names[from], `(at most ${data.matrix.left_out} each of other classes)`, matrix.unlisted[from]])];
  };
  $("#matrix-csv").addEventListener("click", () => {
    if (!data.matrix.dense) { download("confusion_list.csv", csvText(cellList())); return; }
    const lines = matrix.order.map((from) => [names[from], ...matrix.order.map((to) => matrix.count(from, to))]);
    download("confusion_matrix.csv", csvText([["true class", ...matrix.order.map((index) => names[index])], ...lines]));
  });
}
