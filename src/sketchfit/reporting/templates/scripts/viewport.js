// A canvas or an SVG picture with zoom: wheel with Ctrl, buttons, + and − keys; move with arrow keys or by dragging.
class Viewport {
  constructor(box, width, height, draw, hover, pick) {
    Object.assign(this, { box, width, height, draw, hover, pick, zoom: 1, x: 0, y: 0 });
    this.surface = $("canvas, svg", box);
    this.surface.tabIndex = 0;
    const buttons = $$("button[data-zoom]", box);
    buttons.forEach((button) => button.addEventListener("click", () => this.scale(Number(button.dataset.zoom))));
    this.surface.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && this.zoom === 1) return;
      event.preventDefault();
      this.scale(event.deltaY < 0 ? 1.25 : 0.8, this.at(event));
    }, { passive: false });
    this.surface.addEventListener("keydown", (event) => {
      const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (move && this.zoom > 1) { this.pan(move[0] * this.width / this.zoom / 8, move[1] * this.height / this.zoom / 8); event.preventDefault(); }
      if (event.key === "+" || event.key === "=") this.scale(1.5);
      if (event.key === "-") this.scale(1 / 1.5);
    });
    let from = null, moved = false;
    this.surface.addEventListener("pointerdown", (event) => { from = event; moved = false; });
    this.surface.addEventListener("pointermove", (event) => {
      if (from && event.buttons && this.zoom > 1) {
        const rect = this.surface.getBoundingClientRect();
        this.pan((from.clientX - event.clientX) / rect.width * this.width / this.zoom, (from.clientY - event.clientY) / rect.height * this.height / this.zoom);
        moved = moved || Math.hypot(from.clientX - event.clientX, from.clientY - event.clientY) > 2;
        from = event;
      } else this.hover(...this.at(event), this);
    });
    this.surface.addEventListener("pointerup", () => { from = null; });
    this.surface.addEventListener("click", (event) => { if (!moved) { this.hover(...this.at(event), this); this.pick(...this.at(event), this); } });
    addEventListener("resize", () => this.paint());
    addEventListener("themechange", () => this.paint());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.paint());
    this.paint();
  }
  at(event) {
    const rect = this.surface.getBoundingClientRect();
    return [this.x + (event.clientX - rect.left) / rect.width * this.width / this.zoom, this.y + (event.clientY - rect.top) / rect.height * this.height / this.zoom];
  }
  scale(factor, at = [this.x + this.width / this.zoom / 2, this.y + this.height / this.zoom / 2]) {
    const zoom = Math.min(60, Math.max(1, this.zoom * factor));
    this.x = at[0] - (at[0] - this.x) * this.zoom / zoom;
    this.y = at[1] - (at[1] - this.y) * this.zoom / zoom;
    this.zoom = zoom;
    this.surface.style.touchAction = zoom > 1 ? "none" : "pan-y";
    this.pan(0, 0);
  }
  pan(dx, dy) {
    this.x = Math.min(Math.max(0, this.x + dx), this.width - this.width / this.zoom);
    this.y = Math.min(Math.max(0, this.y + dy), this.height - this.height / this.zoom);
    this.paint();
  }
  paint() { this.draw(this); }
}
// Size the canvas of a view, and draw in the view's units; k is the number of pixels per unit.
function onCanvas(view, draw) {
  const canvas = view.surface, ratio = Math.min(2, devicePixelRatio || 1), shown = canvas.clientWidth || 600;
  canvas.width = shown * ratio;
  canvas.height = shown * ratio * view.height / view.width;
  canvas.style.height = shown * view.height / view.width + "px";
  const context = canvas.getContext("2d"), k = canvas.width / view.width * view.zoom;
  context.setTransform(k, 0, 0, k, -view.x * k, -view.y * k);
  draw(context, k);
}
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
