// Light and dark: the system's setting until the button is used; the choice holds for all pages where it can be stored.
const themeButton = $("#theme"), themeKey = "sketchfit theme";
try {
  const stored = localStorage.getItem(themeKey);
  if (stored === "light" || stored === "dark") document.documentElement.dataset.theme = stored;
} catch { /* no storage: a page from a file in some browsers */ }
if (themeButton) {
  themeButton.addEventListener("click", () => {
    const dark = document.documentElement.dataset.theme
      ? document.documentElement.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    document.documentElement.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem(themeKey, document.documentElement.dataset.theme); } catch { /* as above */ }
    dispatchEvent(new Event("themechange"));
  });
}
