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
