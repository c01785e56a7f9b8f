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
