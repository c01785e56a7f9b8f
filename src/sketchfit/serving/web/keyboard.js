"use strict";
// The keyboard: it draws with a cross on the canvas, and has the tools' shortcuts.

sketchfit.STEP = 0.05; // of the cross, as a share of the side

sketchfit.listenToKeys = (canvas, tools) => {
  const arrows = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
  const single = {
    p: () => tools.choose(false),
    e: () => tools.choose(true),
    "[": () => tools.widen(-1),
    "]": () => tools.widen(1),
    Delete: () => tools.clear(),
    " ": () => togglePen(),
    Enter: () => togglePen(),
  };

  function togglePen() {
    if (canvas.pointer !== null) return;
    if (canvas.stroke) return canvas.end();
    canvas.cross ??= [0.5, 0.5];
    canvas.begin([...canvas.cross]);
  }

  function move([dx, dy], small) {
    const step = sketchfit.STEP / (small ? 5 : 1);
    const [x, y] = canvas.cross ?? [0.5, 0.5];
    canvas.cross = [x + dx * step, y + dy * step].map((value) => Math.min(1, Math.max(0, value)));
    if (canvas.stroke) canvas.extend([[...canvas.cross]]);
    else canvas.requestFrame();
  }

  canvas.element.addEventListener("keydown", (event) => {
    canvas.element.classList.remove("by-pointer");
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key in arrows && canvas.pointer === null) move(arrows[key], event.shiftKey);
    else if (key in single) single[key]();
    else return;
    event.preventDefault();
  });
  canvas.element.addEventListener("blur", () => {
    if (canvas.stroke && canvas.pointer === null) canvas.end();
    canvas.cross = null;
    canvas.element.classList.remove("by-pointer");
    canvas.requestFrame();
  });
  addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.target.closest?.("input:not([type=range])")) return;
    const key = event.key.toLowerCase();
    if (key === "z" && !event.shiftKey) tools.undo();
    else if (key === "y" || key === "z") tools.redo();
    else return;
    event.preventDefault();
  });
};
