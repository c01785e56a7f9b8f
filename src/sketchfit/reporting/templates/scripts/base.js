// Compare the runs with another base. Without this script the base of the command is shown.
const base = $("#base");
if (base) {
  $("#base-control").hidden = false;
  const show = () => { for (const view of $$(".base-view")) view.hidden = view.dataset.base !== base.value; };
  base.addEventListener("change", show);
  show(); // a reload keeps the choice of the select
}
