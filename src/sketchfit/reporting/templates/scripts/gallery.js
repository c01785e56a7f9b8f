// Order, filter and paging of the gallery of errors.
const gallery = $("#gallery");
if (gallery) {
  const order = $("#gallery-order"), search = $("#gallery-search"), kind = $("#gallery-kind"), more = $("#gallery-more");
  const cards = $$("article", gallery), step = 24;
  let most = step;
  const isShown = (card, wanted) => (kind.value === "all" || card.dataset.reasons.split(" ").includes(kind.value)) &&
    (!wanted || `${$("h3", card).textContent} ${$(".path", card).textContent}`.toLowerCase().includes(wanted));
  const show = () => {
    const wanted = search.value.trim().toLowerCase();
    const found = cards.filter((card) => isShown(card, wanted)).sort((a, b) => b.dataset[order.value] - a.dataset[order.value]);
    const shown = found.slice(0, most);
    cards.forEach((card) => { card.hidden = true; });
    shown.forEach((card) => { card.hidden = false; });
    gallery.append(...shown);
    more.hidden = found.length <= most;
    $("#gallery-count").textContent = `${shown.length} of ${found.length} shown`;
  };
  [order, kind].forEach((control) => control.addEventListener("change", () => { most = step; show(); }));
  search.addEventListener("input", () => { most = step; show(); });
  more.addEventListener("click", () => { most += step; show(); });
  show();
}
