// A canvas with zoom: wheel with Ctrl, buttons, + and − keys; move with arrow keys or by dragging.
class Viewport {
  constructor(box, width, height, draw, hover, pick) {
    Object.assign(this, { box, width, height, draw, hover, pick, zoom: 1, x: 0, y: 0 });
    this.canvas = $("canvas", box);
    this.canvas.tabIndex = 0;
    const buttons = $$("button[data-zoom]", box);
    buttons.forEach((button) => button.addEventListener("click", () => this.scale(Number(button.dataset.zoom))));
    this.canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && this.zoom === 1) return;
      event.preventDefault();
      this.scale(event.deltaY < 0 ? 1.25 : 0.8, this.at(event));
    }, { passive: false });
    this.canvas.addEventListener("keydown", (event) => {
      const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (move && this.zoom > 1) { this.pan(move[0] * this.width / this.zoom / 8, move[1] * this.height / this.zoom / 8); event.preventDefault(); }
      if (event.key === "+" || event.key === "=") this.scale(1.5);
      if (event.key === "-") this.scale(1 / 1.5);
    });
    let from = null, moved = false;
    this.canvas.addEventListener("pointerdown", (event) => { from = event; moved = false; });
    this.canvas.addEventListener("pointermove", (event) => {
      if (from && event.buttons && this.zoom > 1) {
        const rect = this.canvas.getBoundingClientRect();
        this.pan((from.clientX - event.clientX) / rect.width * this.width / this.zoom, (from.clientY - event.clientY) / rect.height * this.height / this.zoom);
        moved = moved || Math.hypot(from.clientX - event.clientX, from.clientY - event.clientY) > 2;
        from = event;
      } else this.hover(...this.at(event), this);
    });
    this.canvas.addEventListener("pointerup", () => { from = null; });
    this.canvas.addEventListener("click", (event) => { if (!moved) { this.hover(...this.at(event), this); this.pick(...this.at(event), this); } });
    addEventListener("resize", () => this.paint());
    addEventListener("themechange", () => this.paint());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.paint());
    this.paint();
  }
  at(event) {
    const rect = this.canvas.getBoundingClientRect();
    return [this.x + (event.clientX - rect.left) / rect.width * this.width / this.zoom, this.y + (event.clientY - rect.top) / rect.height * this.height / this.zoom];
  }
  scale(factor, at = [this.x + this.width / this.zoom / 2, this.y + this.height / this.zoom / 2]) {
    const zoom = Math.min(60, Math.max(1, this.zoom * factor));
    this.x = at[0] - (at[0] - this.x) * this.zoom / zoom;
    this.y = at[1] - (at[1] - this.y) * this.zoom / zoom;
    this.zoom = zoom;
    this.canvas.style.touchAction = zoom > 1 ? "none" : "pan-y";
    this.pan(0, 0);
  }
  pan(dx, dy) {
    this.x = Math.min(Math.max(0, this.x + dx), this.width - this.width / this.zoom);
    this.y = Math.min(Math.max(0, this.y + dy), this.height - this.height / this.zoom);
    this.paint();
  }
  paint() {
    const ratio = Math.min(2, devicePixelRatio || 1), shown = this.canvas.clientWidth || 600;
    this.canvas.width = shown * ratio;
    this.canvas.height = shown * ratio * this.height / this.width;
    this.canvas.style.height = shown * this.height / this.width + "px";
    const context = this.canvas.getContext("2d"), k = this.canvas.width / this.width * this.zoom;
    context.setTransform(k, 0, 0, k, -this.x * k, -this.y * k);
    this.draw(context, k);
  }
}
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
