// The decisions of a review. The browser keeps them by run; without its storage they last as long as the page.
// A decision is "exclude", "right", or the index of the correct class.
class ReviewDecisions {
  constructor(setup, known) {
    Object.assign(this, { setup, known, kept: true, listeners: [] });
    this.place = `sketchfit-review:${setup.key}`;
    this.byPath = new Map();
    this.steps = [];
    this.read();
    addEventListener("storage", (event) => { if (event.key === this.place) { this.read(); this.announce(); } });
  }

  read() {
    let found = null;
    try { found = JSON.parse(localStorage.getItem(this.place)); } catch { this.kept = false; }
    if (!found) found = { decisions: this.earlier(), steps: [] };
    const lists = Array.isArray(found.decisions) && Array.isArray(found.steps);
    const entries = lists ? found.decisions.filter((entry) => Array.isArray(entry) && typeof entry[0] === "string" && this.isValid(entry[1])) : [];
    this.byPath = new Map(entries);
    const isChange = (change) => Array.isArray(change) && typeof change[0] === "string" && (change[1] === null || this.isValid(change[1]));
    this.steps = lists ? found.steps.filter((step) => Array.isArray(step) && step.every(isChange)) : [];
  }

  // What the review files of the run itself decide. A new file takes their place, so it must have these decisions too.
  earlier() {
    return this.setup.earlier.map(([path, to]) => [path, { to: to === this.setup.exclude ? to : "right", label: to === this.setup.exclude ? -1 : to, earlier: true }]);
  }

  isValid(one) {
    const isClass = (index) => Number.isInteger(index) && index >= 0 && index < this.setup.names.length;
    return one && (one.to === "exclude" || one.to === "right" || isClass(one.to)) && (one.label === -1 || isClass(one.label));
  }

  write() {
    // Where the storage is full, the decisions matter more than what can be undone after a reload.
    this.kept = [this.steps, []].some((steps) => {
      try {
        localStorage.setItem(this.place, JSON.stringify({ decisions: [...this.byPath], steps }));
        return true;
      } catch { return false; }
    });
    this.announce();
  }

  announce() { this.listeners.forEach((listener) => listener()); }

  // Takes decisions, `null` removes one: [path, { to, label }] each. They are undone together.
  decide(changes) {
    const step = changes.map(([path]) => [path, this.byPath.get(path) ?? null]);
    this.apply(changes);
    this.steps = [...this.steps, step].slice(-100);
    this.write();
  }

  apply(changes) {
    for (const [path, one] of changes) {
      this.byPath.delete(path);
      if (one) this.byPath.set(path, one);
    }
  }

  // Returns the paths that the last decision was about.
  undo() {
    const step = this.steps.at(-1) ?? [];
    this.apply(step);
    this.steps = this.steps.slice(0, -1);
    this.write();
    return step.map(([path]) => path);
  }

  // How many drawings each class would have; below 1 a run refuses the file.
  emptied() {
    const left = [...this.setup.counts];
    for (const { to, label } of this.byPath.values()) {
      if (to === "right" || label < 0) continue;
      left[label] -= 1;
      if (to !== "exclude") left[to] += 1;
    }
    return this.setup.names.filter((_, index) => this.setup.counts[index] > 0 && left[index] < 1);
  }

  textOf({ to, label }) {
    if (to === "exclude") return this.setup.exclude;
    return this.setup.texts[to === "right" ? label : to] ?? "";
  }

  csv() {
    const { setup } = this, share = (value) => (value === null ? "" : value.toFixed(4));
    const line = (path, cells) => setup.columns.map((name) => (name === "image_path" ? setup.images[path] ?? path : cells[name] ?? ""));
    const lines = [...this.byPath].map(([path, one]) => {
      const { suggested, p, pSuggested } = this.known.facts(path);
      return line(path, {
        label: setup.texts[one.label], suggested: setup.texts[suggested], p_label: share(p), p_suggested: share(pSuggested),
        reason: one.earlier ? "earlier review" : "review", decision: this.textOf(one),
      });
    });
    return reviewCsvText([setup.columns, ...lines]);
  }

  // Reads a file of decisions. Returns how many were read, and how many lines name what this page does not know.
  load(text) {
    const [header = [], ...lines] = reviewCsvLines(text);
    const column = (name) => header.findIndex((one) => one.trim().toLowerCase() === name);
    const image = column("image_path"), decision = column("decision"), written = column("label");
    if (image < 0 || decision < 0) return null;
    const paths = new Map(Object.entries(this.setup.images).map(([path, shown]) => [shown, path]));
    const earlier = new Map(this.earlier());
    const changes = [];
    let strange = 0;
    for (const line of lines) {
      const shown = line[image] ?? "", path = paths.get(shown) ?? shown, text = (line[decision] ?? "").trim();
      if (!text) continue;
      const label = this.known.label(path) ?? earlier.get(path)?.label ?? (this.known.complete ? null : this.classOf((line[written] ?? "").trim()) ?? -1);
      const to = text.toLowerCase() === this.setup.exclude ? "exclude" : this.classOf(text);
      if (label === null || to === null) strange += 1;
      else changes.push([path, { to: to === label ? "right" : to, label }]);
    }
    if (changes.length) this.decide(changes);
    return { read: changes.length, strange };
  }

  classOf(text) {
    const { texts, names, labels } = this.setup;
    for (const list of [texts, names, labels]) if (text && list.includes(text)) return list.indexOf(text);
    const lower = names.map((name) => name.toLowerCase()), found = lower.indexOf(text.toLowerCase());
    return found >= 0 && lower.lastIndexOf(text.toLowerCase()) === found ? found : null;
  }
}
