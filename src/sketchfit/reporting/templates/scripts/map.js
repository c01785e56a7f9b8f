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
