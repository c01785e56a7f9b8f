// Which drawings are selected. Any element with `data-drawing` shows a drawing of the training table.
class ReviewSelection {
  constructor(changed, decisions, describe) {
    Object.assign(this, { changed, decisions, describe, current: null, several: false });
    this.paths = new Set();
    document.documentElement.classList.add("reviewing");
    document.addEventListener("click", (event) => this.click(event));
    new MutationObserver((records) => {
      for (const record of records) for (const node of record.addedNodes) if (node.nodeType === 1) this.paint(node);
    }).observe(document.body, { childList: true, subtree: true });
  }

  // An open dialog hides the rest of the page.
  get scope() { return $$("dialog[open]").at(-1) ?? $("main"); }

  visible() {
    const isVisible = (node) => (node.checkVisibility ? node.checkVisibility() : node.getClientRects().length > 0);
    return $$("[data-drawing]", this.scope).filter(isVisible);
  }

  click(event) {
    const node = event.target.closest("[data-drawing]");
    if (!node || event.target.closest("a, button, input, select, summary, label") || String(getSelection())) return;
    const path = node.dataset.drawing;
    if (event.shiftKey && this.current) this.selectUpTo(node);
    else if (this.several || event.ctrlKey || event.metaKey) this.toggle(node);
    else if (this.paths.size === 1 && this.paths.has(path)) this.clear();
    else this.select(node);
  }

  select(node) {
    this.paths = new Set([node.dataset.drawing]);
    this.setCurrent(node);
  }

  toggle(node) {
    const path = node.dataset.drawing;
    if (!this.paths.delete(path)) this.paths.add(path);
    this.setCurrent(node);
  }

  selectUpTo(node) {
    const nodes = this.visible(), ends = [nodes.indexOf(this.current), nodes.indexOf(node)].sort((a, b) => a - b);
    nodes.slice(Math.max(0, ends[0]), ends[1] + 1).forEach((one) => this.paths.add(one.dataset.drawing));
    this.setCurrent(node);
  }

  // All drawings in the smallest box around the current one that has several.
  selectGroup() {
    let box = this.current?.parentElement;
    while (box && box !== this.scope && $$("[data-drawing]", box).length < 2) box = box.parentElement;
    const inside = box ? this.visible().filter((node) => box.contains(node)) : [];
    inside.forEach((node) => this.paths.add(node.dataset.drawing));
    this.update();
  }

  selectPaths(paths) {
    const node = this.visible().find((one) => paths.includes(one.dataset.drawing));
    this.paths = new Set(paths);
    if (node) this.setCurrent(node, true); else this.update();
  }

  clear() {
    this.paths = new Set();
    this.setCurrent(null);
  }

  // Selects the next drawing, the one before for -1; without a current one the first that is on the screen.
  move(step) {
    const nodes = this.visible(), path = this.current?.dataset.drawing;
    const at = nodes.includes(this.current) ? nodes.indexOf(this.current) : nodes.findIndex((node) => node.dataset.drawing === path);
    const shown = nodes.findIndex((node) => node.getBoundingClientRect().bottom > 0);
    const next = nodes[at >= 0 ? at + step : Math.max(0, shown)];
    if (!next) return false;
    this.paths = new Set([next.dataset.drawing]);
    this.setCurrent(next, true);
    return true;
  }

  setCurrent(node, follow = false) {
    this.current?.removeAttribute("aria-current");
    this.current = node;
    node?.setAttribute("aria-current", "true");
    if (node && follow) {
      node.tabIndex = -1;
      node.focus({ preventScroll: true });
      node.scrollIntoView({ block: "center" });
    }
    this.update();
  }

  update() {
    this.paint(document.body);
    this.changed();
  }

  paint(within) {
    const nodes = $$("[data-drawing]", within);
    if (within.matches("[data-drawing]")) nodes.push(within);
    for (const node of nodes) {
      const path = node.dataset.drawing, one = this.decisions.byPath.get(path);
      node.classList.toggle("selected", this.paths.has(path));
      if (one) Object.assign(node.dataset, { decision: Number.isInteger(one.to) ? "correct" : one.to, decided: this.describe(one) });
      else { delete node.dataset.decision; delete node.dataset.decided; }
    }
  }
}
