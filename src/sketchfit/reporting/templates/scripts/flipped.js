// Filter the drawings that flipped by runs, class and file. Without this script all of them are shown.
const flippedBox = $("#flipped-cards");
if (flippedBox) {
  const right = $("#flipped-right"), wrong = $("#flipped-wrong"), search = $("#flipped-search");
  const more = $("#flipped-more"), count = $("#flipped-count"), step = 24, kinds = JSON.parse($("#flips").textContent);
  const cards = [...flippedBox.children];
  let most = step;
  $("#flipped-controls").hidden = false;
  const has = (card, select, value) => select.value === "" || card.dataset.right[Number(select.value)] === value;
  const show = () => {
    const wanted = search.value.trim().toLowerCase();
    let found = 0;
    for (const card of cards) {
      const fits = has(card, right, "1") && has(card, wrong, "0") && (!wanted || card.textContent.toLowerCase().includes(wanted));
      card.hidden = !fits || ++found > most;
    }
    more.hidden = found <= most;
    const pair = right.value !== "" && wrong.value !== "" && !wanted ? ` (${kinds[right.value][wrong.value]} in all)` : "";
    count.textContent = `${Math.min(most, found)} of ${found} shown${pair}`;
  };
  for (const control of [right, wrong]) control.addEventListener("change", () => { most = step; show(); });
  search.addEventListener("input", () => { most = step; show(); });
  more.addEventListener("click", () => { most += step; show(); });
  show();
}
