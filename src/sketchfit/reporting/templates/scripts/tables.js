// Tables: a click on a column's head sorts by `data-v` of its cells (or their text), numbers as numbers. Unknown values,
// empty or a dash, come last in both directions.
const isUnknown = (value) => value === "" || value === "–";
for (const table of $$("table.sortable")) {
  const heads = $$("thead th", table);
  heads.forEach((head, column) => {
    if (!head.textContent.trim() || $(".hidden-text", head)) return;
    const button = el("button", { type: "button", textContent: head.textContent });
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const descending = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      const key = (row) => { const cell = row.cells[column]; return cell.dataset.v ?? cell.textContent.trim(); };
      const compare = (x, y) => (!isNaN(x) && !isNaN(y) ? x - y : x.localeCompare(y, undefined, { numeric: true }));
      const rows = [...table.tBodies[0].rows].sort((a, b) => {
        const x = key(a), y = key(b);
        if (isUnknown(x) || isUnknown(y)) return isUnknown(x) - isUnknown(y);
        return descending ? compare(y, x) : compare(x, y);
      });
      table.tBodies[0].append(...rows);
    });
  });
}
for (const search of $$("input[data-filters]")) {
  const rows = [...$("#" + search.dataset.filters).tBodies[0].rows];
  search.addEventListener("input", () => {
    const wanted = search.value.trim().toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  });
}
