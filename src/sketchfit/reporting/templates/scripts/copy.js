// A button that copies a command: <pre data-copy>…</pre> or <code data-copy>…</code>. Without this script the text can be selected.
for (const source of $$("[data-copy]")) {
  const button = el("button", { type: "button", className: "copy", textContent: "Copy" });
  button.setAttribute("aria-label", "Copy the command");
  button.addEventListener("click", async () => {
    const text = source.textContent.trim();
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const field = el("textarea", { value: text });
      document.body.append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  source.after(" ", button);
}
