// Copy the text of an element; where the browser refuses, it is selected. Return whether it was copied.
async function copyText(source) {
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    return true;
  } catch {
    getSelection().selectAllChildren(source);
    return document.execCommand("copy");
  }
}
// A button that copies a command: <pre data-copy>…</pre> or <code data-copy>…</code>. Without this script the text can be selected.
for (const source of $$("[data-copy]")) {
  const button = el("button", { type: "button", className: "copy", textContent: "Copy" });
  button.setAttribute("aria-label", "Copy the command");
  button.addEventListener("click", async () => {
    button.textContent = (await copyText(source)) ? "Copied" : "Selected";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  source.after(" ", button);
}
