// The embedding map: classes to choose, the drawing under the pointer, zoom.
const mapBox = $("#embedding");
if (mapBox) {
  const svg = $("svg", mapBox), readout = $("#embedding-readout"), kind = $("#embedding-kind"), all = $("#embedding-all");
  const legend = $$("#embedding-legend button"), find = $("#embedding-search");
  const groups = new Map($$("[data-class-of]", svg).map((group) => [Number(group.dataset.classOf), group]));
  const plain = new Map([...groups].map(([index, group]) => [index, group.getAttribute("class")]));
  const points = $$("circle", svg).map((dot) => ({ dot, place: Number(dot.dataset.p), x: dot.cx.baseVal.value, y: dot.cy.baseVal.value }));
  const chosen = [];
  let pinned = false, marked = null;
  const isVisible = (place) => (!chosen.length || chosen.includes(rows.label[place])) && (kind.value === "all" || isRight(place) === (kind.value === "right"));

  // Up to eight chosen classes have the colours of the palette; the others are pale.
  const update = () => {
    for (const [index, group] of groups) {
      const number = chosen.indexOf(index);
      const style = number >= 0 && chosen.length <= 8 ? `s${number}` : plain.get(index);
      group.setAttribute("class", style + (chosen.length && number < 0 ? " pale" : ""));
      $(".right", group).classList.toggle("off", kind.value === "wrong");
      $(".wrong", group).classList.toggle("off", kind.value === "right");
    }
    for (const button of legend) {
      const index = Number(button.value);
      button.setAttribute("aria-pressed", chosen.includes(index));
      $("i", button).className = groups.get(index).classList[0];
    }
    all.hidden = !chosen.length;
    mark(null);
    pinned = false;
    const listed = chosen.length ? points.filter((one) => isVisible(one.place)).map((one) => one.place) : [];
    listed.sort((a, b) => isRight(a) - isRight(b));
    readout.replaceChildren(...(chosen.length ? [el("span", { textContent: `${listed.length} ${listed.length === 1 ? "drawing" : "drawings"}, errors first` }), el("div", { className: "thumbs" }, ...listed.slice(0, 60).map(thumb))] : []));
  };
  const mark = (point) => {
    if (marked) marked.dot.classList.remove("near");
    marked = point;
    if (point) { point.dot.classList.add("near"); readout.replaceChildren(thumb(point.place), el("span", { textContent: describe(point.place) })); }
  };
  const nearest = (x, y, view) => {
    let best = null, least = (40 / view.zoom) ** 2;
    for (const one of points) {
      const distance = (one.x - x) ** 2 + (one.y - y) ** 2;
      if (distance < least && isVisible(one.place)) { least = distance; best = one; }
    }
    return best;
  };
  new Viewport(mapBox, 1000, 700, (view) => {
    svg.setAttribute("viewBox", [view.x, view.y, view.width / view.zoom, view.height / view.zoom].join(" "));
    // About 4.5 pixels, less on a phone, and slowly more with zoom.
    const pixels = svg.clientWidth / view.width * view.zoom, radius = (2.5 + 2 * Math.min(1, svg.clientWidth / 1000)) * Math.sqrt(view.zoom);
    svg.style.setProperty("--radius", `${radius / (pixels || 1)}px`);
  }, (x, y, view) => {
    const one = nearest(x, y, view);
    if (!pinned && one) mark(one);
  }, (x, y, view) => {
    const one = nearest(x, y, view);
    pinned = one !== null;
    if (one) mark(one); else update();
  });
  for (const button of legend) button.addEventListener("click", () => {
    const index = Number(button.value), at = chosen.indexOf(index);
    if (at < 0) chosen.push(index); else chosen.splice(at, 1);
    update();
  });
  all.addEventListener("click", () => { chosen.length = 0; update(); });
  kind.addEventListener("change", update);
  find.addEventListener("input", () => {
    const wanted = find.value.trim().toLowerCase();
    for (const button of legend) button.hidden = !$("span", button).textContent.toLowerCase().includes(wanted);
  });
}
