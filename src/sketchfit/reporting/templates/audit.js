// Without this script all classes are listed, and only finding one by name is missing.
const field = document.getElementById("find");
const classes = [...document.querySelectorAll("#classes details")];
const found = document.getElementById("found");
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
