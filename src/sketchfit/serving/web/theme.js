"use strict";
// Light or dark before the first paint: the reader's choice, else that of the system.
(() => {
  const root = document.documentElement;
  const stored = () => {
    try {
      return localStorage.getItem("sketchfit-theme");
    } catch {
      return null; // storage is not allowed here
    }
  };
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  if (stored() === "light" || stored() === "dark") root.dataset.theme = stored();
  addEventListener("DOMContentLoaded", () => {
    document.querySelector("#theme").addEventListener("click", () => {
      root.dataset.theme = dark() ? "light" : "dark";
      try {
        localStorage.setItem("sketchfit-theme", root.dataset.theme);
      } catch { /* it is forgotten with the page */ }
    });
  });
})();
