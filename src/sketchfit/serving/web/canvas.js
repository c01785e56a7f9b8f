"use strict";
// The canvas on the screen: mouse, pen and touch make strokes of a drawing.

sketchfit.Canvas = class {
  // `changed(done)` is called while a stroke grows (false) and after each change that is complete (true).
  constructor(element, drawing, changed) {
    this.element = element;
    this.context = element.getContext("2d");
    this.drawing = drawing;
    this.changed = changed;
    this.ink = sketchfit.DEFAULT_INK;
    this.erases = false;
    this.widthFactor = 1;
    this.stroke = null; // the stroke that grows
    this.pointer = null; // its pointer
    this.cross = null; // [x, y] of the keyboard's cross
    this.frame = 0;
    for (const name of ["pointerdown", "pointermove", "pointerup", "pointercancel", "lostpointercapture"]) {
      element.addEventListener(name, (event) => this[name](event));
    }
    element.addEventListener("contextmenu", (event) => event.preventDefault());
    new ResizeObserver(() => this.resize()).observe(element);
  }

  resize() {
    const side = Math.round(this.element.clientWidth * Math.min(devicePixelRatio || 1, 3));
    if (!side || side === this.element.width) return;
    this.element.width = this.element.height = side;
    this.refresh();
  }

  setInk(ink) {
    this.ink = ink;
    this.refresh();
  }

  // Width of the next stroke, as a share of the side.
  lineWidth(erases = this.erases) {
    return this.ink.line_width * this.widthFactor * (erases ? 3 : 1);
  }

  begin(point, erases = this.erases) {
    this.stroke = this.drawing.add({kind: "stroke", erase: erases, width: this.lineWidth(erases), points: [point]});
    this.refresh();
    this.changed(false);
  }

  extend(points) {
    this.stroke.points.push(...points);
    this.requestFrame();
    this.changed(false);
  }

  end() {
    this.stroke = this.pointer = null;
    this.refresh();
    this.changed(true);
  }

  pointerdown(event) {
    if (this.pointer !== null || !event.isPrimary || event.button > 0 && event.button !== 5) return;
    if (this.stroke) this.end(); // that of the keyboard
    event.preventDefault();
    this.element.classList.add("by-pointer"); // no ring around the canvas
    this.element.focus({preventScroll: true});
    this.cross = null;
    this.pointer = event.pointerId;
    this.element.setPointerCapture(event.pointerId);
    this.begin(this.at(event), this.erases || event.button === 5); // 5: the eraser's end of a pen
  }

  pointermove(event) {
    if (event.pointerId !== this.pointer) return;
    const events = event.getCoalescedEvents?.() ?? [];
    this.extend((events.length ? events : [event]).map((one) => this.at(one)));
  }

  pointerup(event) {
    if (event.pointerId !== this.pointer) return;
    this.stroke.points.push(this.at(event));
    this.end();
  }

  lostpointercapture(event) {
    if (event.pointerId === this.pointer) this.end();
  }

  // The system took the pointer, for a gesture: the stroke was not meant.
  pointercancel(event) {
    if (event.pointerId !== this.pointer) return;
    this.drawing.marks.pop();
    this.end();
  }

  at(event) {
    const box = this.element.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  requestFrame() {
    this.frame ||= requestAnimationFrame(() => this.show());
  }

  // All marks but the growing stroke are kept as pixels, so that a frame costs one stroke.
  refresh() {
    const side = this.element.width;
    if (!side) return;
    const layer = sketchfit.sheet(side, this.ink);
    sketchfit.paint(layer, this.drawing.visible().filter((mark) => mark !== this.stroke), this.ink);
    this.layer = layer.canvas;
    this.requestFrame();
  }

  show() {
    this.frame = 0;
    if (!this.layer) return;
    this.context.drawImage(this.layer, 0, 0);
    if (this.stroke) sketchfit.paintStroke(this.context, this.stroke, this.ink);
    if (this.cross) this.showCross();
  }

  showCross() {
    const [x, y] = this.cross.map((value) => value * this.element.width);
    const arm = this.element.width / 40;
    this.context.strokeStyle = "#0b62c4";
    this.context.lineWidth = Math.max(2, this.element.width / 250);
    this.context.beginPath();
    this.context.moveTo(x - arm, y);
    this.context.lineTo(x + arm, y);
    this.context.moveTo(x, y - arm);
    this.context.lineTo(x, y + arm);
    this.context.stroke();
  }
};
