"use strict";
// Pictures from files, from the clipboard, and dropped on the page.

sketchfit.listenToUploads = ({input, button, target, place, fail}) => {
  // Colour profiles are ignored, as in training.
  async function take(file) {
    if (!file) return;
    try {
      place({file, bitmap: await createImageBitmap(file, {colorSpaceConversion: "none"})});
    } catch {
      fail(`${file.name || "The picture"} can't be shown here. PNG, JPEG, WebP and GIF work everywhere.`);
    }
  }

  const imageOf = (transfer) => [...(transfer?.files ?? [])].find((file) => file.type.startsWith("image/"));
  const holdsFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

  button.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    take(input.files[0]);
    input.value = ""; // the same file can be chosen again
  });
  addEventListener("paste", (event) => {
    const file = imageOf(event.clipboardData);
    if (file) event.preventDefault();
    take(file);
  });
  addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    target.classList.add("drop");
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) target.classList.remove("drop");
  });
  addEventListener("drop", (event) => {
    target.classList.remove("drop");
    if (!holdsFiles(event)) return;
    event.preventDefault();
    const file = imageOf(event.dataTransfer);
    if (file) take(file);
    else fail("This is no picture.");
  });
};
