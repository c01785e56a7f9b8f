// Find a class by name. Without this script all classes are listed.
const field = $("#find"), found = $("#found"), classes = $$("#class-list details");
field.hidden = false;
field.addEventListener("input", () => {
  const wanted = field.value.trim().toLowerCase();
  let count = 0;
  for (const one of classes) {
    one.hidden = !one.dataset.name.includes(wanted);
    count += !one.hidden;
  }
  found.textContent = wanted ? `${count} of ${classes.length} classes` : "";
});
