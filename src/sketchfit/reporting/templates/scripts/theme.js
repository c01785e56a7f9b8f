// Light and dark: the system's setting until the button is used.
const themeButton = $("#theme");
if (themeButton) {
  themeButton.addEventListener("click", () => {
    const dark = document.documentElement.dataset.theme
      ? document.documentElement.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    document.documentElement.dataset.theme = dark ? "light" : "dark";
    dispatchEvent(new Event("themechange"));
  });
}
