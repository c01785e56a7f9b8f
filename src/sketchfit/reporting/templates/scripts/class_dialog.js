// Drawings in a dialog: those of a class, or any list of places.
const dialog = $("#class-dialog");
const dialogStep = 200;
let openedPlaces = [], listedPlaces = [], shownKind = "all";
function showMore() {
  const box = $("#class-drawings"), from = box.childElementCount;
  box.append(...listedPlaces.slice(from, from + dialogStep).map(thumb));
  $("#class-more").hidden = box.childElementCount === listedPlaces.length;
}
function fillDialog() {
  listedPlaces = openedPlaces.filter((place) => shownKind === "all" || isRight(place) === (shownKind === "right"));
  $("#class-drawings").replaceChildren();
  showMore();
  $$("#class-kinds button").forEach((button) => button.setAttribute("aria-pressed", button.value === shownKind));
}
function openDrawings(title, text, note, places) {
  openedPlaces = places;
  shownKind = "all";
  $("#class-title").textContent = title;
  $("#class-text").textContent = text;
  $("#class-answers").textContent = note;
  fillDialog();
  dialog.showModal();
}
function openClass(index) {
  const places = [...byClass[index]].sort((a, b) => rows.own[a] - rows.own[b]), right = places.filter(isRight).length;
  const wrong = new Map();
  for (const place of places) if (!isRight(place)) wrong.set(rows.answer[place], (wrong.get(rows.answer[place]) || 0) + 1);
  const sample = places.length < totals[index] ? ` in a sample of the ${totals[index]} of this class` : "";
  openDrawings(names[index], `${right} of ${places.length} drawings${sample} are recognised. The least probable come first; a red frame marks an error.`,
    wrong.size ? "Confused with: " + [...wrong].sort((a, b) => b[1] - a[1]).map(([c, n]) => `${names[c]} (${n})`).join(", ") : "Never confused with another class.", places);
}
function openSlice(index, title, count) {
  const places = data.slices[index], wrong = places.filter((place) => !isRight(place)).length;
  const which = places.length < count ? `${places.length} of the ${count} drawings of this slice, those with the highest loss` : `The ${count} drawings of this slice`;
  openDrawings(title, `${which}. Wrong predictions: ${wrong}.`, "", places);
}
$$("#class-kinds button").forEach((button) => button.addEventListener("click", () => { shownKind = button.value; fillDialog(); }));
$("#class-more").addEventListener("click", showMore);
$("#class-dialog .close").addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-class], [data-slice]");
  if (!button) return;
  if (button.dataset.slice) openSlice(Number(button.dataset.slice), button.dataset.title, Number(button.dataset.count)); else openClass(Number(button.dataset.class));
});

// Drawings of the pairs with most errors.
for (const box of $$(".pair-thumbs")) {
  const [from, to] = [Number(box.dataset.from), Number(box.dataset.to)];
  box.append(...byClass[from].filter((place) => rows.answer[place] === to).slice(0, 6).map(thumb));
}
