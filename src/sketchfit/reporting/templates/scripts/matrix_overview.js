// All cells of a large confusion matrix as a picture; a click shows a part of it in the table.
const overview = $("#matrix-overview");
if (overview) {
  const { order, place } = matrix, count = order.length, hint = $("#matrix-hint"), around = 12;
  const inside = (x, y) => x >= 0 && y >= 0 && x < count && y < count;
  const cells = data.matrix.cells.map(([from, to, n]) => [place.get(from), place.get(to), Math.sqrt(n / totals[from])]);
  new Viewport(overview, count, count, (view) => onCanvas(view, (context, k) => {
    const wrong = colour("--bad"), right = colour("--good");
    for (const [row, column, strength] of cells) {
      context.globalAlpha = 0.25 + 0.75 * strength;
      context.fillStyle = row === column ? right : wrong;
      // At 500 classes a cell is about a pixel: errors are drawn a little larger, to be visible.
      const grow = row === column ? 0 : Math.max(0, 1.6 / k - 1) / 2;
      context.fillRect(column - grow, row - grow, 1 + 2 * grow, 1 + 2 * grow);
    }
    context.globalAlpha = 1;
  }), (x, y) => {
    if (inside(x, y)) hint.textContent = matrix.describe(order[Math.floor(y)], order[Math.floor(x)]);
  }, (x, y) => {
    if (!inside(x, y)) return;
    const near = (middle) => order.slice(Math.max(0, middle - around), middle + around + 1);
    matrix.show([...near(Math.floor(y)), ...near(Math.floor(x))]);
    matrix.focus(order[Math.floor(y)], order[Math.floor(x)]);
  });
}
