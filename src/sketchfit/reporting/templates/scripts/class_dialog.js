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
