"use strict";
// A drawing as a list of marks, with undo and redo. Coordinates and widths are shares of the canvas's side.
//
// Mark: {kind: "stroke", erase, width, points: [[x, y], …]}, {kind: "picture", bitmap, file} or {kind: "clear"}.
var sketchfit = globalThis.sketchfit ?? {};

sketchfit.Drawing = class {
  constructor() {
    this.marks = [];
    this.undone = [];
  }

  add(mark) {
    this.marks.push(mark);
    this.undone = [];
    return mark;
  }

  // A picture replaces what is there.
  place(picture) {
    this.clear();
    this.add({kind: "picture", ...picture});
  }

  clear() {
    if (!this.isBlank()) this.add({kind: "clear"});
  }

  undo() {
    if (!this.canUndo()) return;
    const mark = this.marks.pop();
    this.undone.push(mark);
    // A picture came with the mark that cleared the canvas for it.
    if (mark.kind === "picture" && this.marks.at(-1)?.kind === "clear") this.undone.push(this.marks.pop());
  }

  redo() {
    if (!this.canRedo()) return;
    this.marks.push(this.undone.pop());
    if (this.marks.at(-1).kind === "clear" && this.undone.at(-1)?.kind === "picture") this.marks.push(this.undone.pop());
  }

  canUndo() {
    return this.marks.length > 0;
  }

  canRedo() {
    return this.undone.length > 0;
  }

  // The marks since the canvas was cleared.
  visible() {
    return this.marks.slice(this.marks.findLastIndex((mark) => mark.kind === "clear") + 1);
  }

  isBlank() {
    return !this.visible().some((mark) => mark.kind === "picture" || !mark.erase);
  }

  // The file of a picture on which nothing is drawn, else null.
  file() {
    const visible = this.visible();
    return visible.length === 1 && visible[0].kind === "picture" ? visible[0].file : null;
  }

  hasPicture() {
    return this.visible().some((mark) => mark.kind === "picture");
  }
};
