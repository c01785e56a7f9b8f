// The bar at the bottom of the page: select drawings, decide on their labels, save the decisions.
(() => {
  const bar = $("#review"), setup = JSON.parse($("#review-data").textContent), status = $("#review-status");
  const page = $("#data") ? JSON.parse($("#data").textContent).rows : null;
  const places = new Map((page?.path ?? []).map((path, place) => [path, place]));
  const suggestions = new Map(Object.entries(setup.suggested));
  const indexOf = new Map(setup.names.map((name, index) => [name, index]));
  const onPage = new Map($$("[data-drawing]").map((node) => [node.dataset.drawing, indexOf.get(node.closest("[data-label]")?.dataset.label)]));
  for (const { dataset } of $$("[data-drawing][data-suggested]")) {
    const index = indexOf.get(dataset.suggested);
    if (index !== undefined && !suggestions.has(dataset.drawing)) suggestions.set(dataset.drawing, index);
  }

  // What this page knows of a drawing: from the rows of a report, else from its element.
  const known = {
    complete: page !== null,
    label(path) {
      return places.has(path) ? page.label[places.get(path)] : onPage.get(path) ?? null;
    },
    facts(path) {
      const place = places.get(path), label = known.label(path);
      let suggested = suggestions.get(path) ?? null;
      if (!suggestions.has(path) && place !== undefined && page.answer[place] !== label) suggested = page.answer[place];
      const answered = place !== undefined && suggested === page.answer[place];
      return { suggested, p: place === undefined ? null : page.own[place] / 1000, pSuggested: answered ? page.confidence[place] / 1000 : null };
    },
  };
  // Paths and names may be long, and may be written from right to left.
  const shown = (text) => `\u2068${text.length > 60 ? `…${text.slice(-57)}` : text}\u2069`;
  const describe = ({ to, label, earlier }) => {
    if (to === "exclude") return earlier ? "excluded by an earlier review" : "excluded";
    if (to === "right") return earlier ? `→ ${shown(setup.names[label])} by an earlier review` : "label is right";
    return label < 0 ? `→ ${shown(setup.names[to])}` : `${shown(setup.names[label])} → ${shown(setup.names[to])}`;
  };
  const decisions = new ReviewDecisions(setup, known);
  const selection = new ReviewSelection(() => show(), decisions, describe);
  const panel = new ReviewPanel(setup, decisions, describe);
  decisions.listeners.push(() => selection.update());

  function show(note = "") {
    const paths = [...selection.paths], [path] = paths, one = decisions.byPath.get(path);
    const suggested = paths.length === 1 ? known.facts(path).suggested : null;
    const label = paths.length === 1 ? known.label(path) : null;
    const text = !paths.length ? "Select a drawing to review its label."
      : paths.length > 1 ? `${paths.length} drawings are selected.`
        : `${shown(path)}, label ${label === null ? "unknown" : shown(setup.names[label])}${one ? ` (${describe(one)})` : ""}`;
    status.textContent = note ? `${note} ${text}` : text;
    $("#review-actions").hidden = !paths.length && !selection.several;
    if (paths.length || decisions.byPath.size || $(".review-more:not([hidden])", bar)) bar.hidden = false;
    $("#review-count").textContent = decisions.byPath.size;
    $("#review-suggested").textContent = paths.length > 1 ? "suggestions" : suggested === null ? "no suggestion" : shown(setup.names[suggested]);
    const usable = { accept: paths.some((each) => known.facts(each).suggested !== null), undo: decisions.steps.length > 0, forget: decisions.byPath.size > 0 };
    for (const [name, can] of Object.entries(usable)) $(`[data-review=${name}]`, bar).disabled = !can;
    $("[data-review=several]", bar).setAttribute("aria-pressed", selection.several);
    if (!$("#review-panel").hidden) panel.show();
  }

  // `choose` returns the decision on a path, or null where there is none to take.
  function decide(choose) {
    const changes = [];
    let unlabelled = 0;
    for (const path of selection.paths) {
      const to = choose(path), label = known.label(path);
      if (label === null) unlabelled += 1;
      if (to === null || label === null) continue;
      changes.push([path, { to: to === label ? "right" : to, label }]);
    }
    if (changes.length) decisions.decide(changes);
    else if (unlabelled) show("The label is unknown: no decision was stored.");
    else show(selection.paths.size ? "There is no suggestion." : "");
    return changes.length > 0;
  }

  function correct() {
    const field = $("#review-class"), text = field.value.trim(), index = decisions.classOf(text);
    if (index === null) return show(text ? `“${text}” is no class.` : "Write the correct class.");
    if (!setup.texts[index]) return show(`A review file cannot name the class “${setup.names[index]}”.`);
    field.value = "";
    if (decide(() => index)) selection.current?.focus({ preventScroll: true });
  }

  function toggle(name) {
    for (const other of ["panel", "help"]) {
      const box = $(`#review-${other}`);
      box.hidden = other !== name || !box.hidden;
      $(`[data-review=${other}]`, bar).setAttribute("aria-expanded", !box.hidden);
    }
    show();
  }

  async function load(file) {
    const result = decisions.load(await file.text());
    show(result === null ? "The file has no columns image_path and decision."
      : `${result.read} decisions were loaded.` + (result.strange ? ` ${result.strange} lines name drawings or classes that this page does not have.` : ""));
  }

  const actions = {
    previous: () => { if (!selection.move(-1)) show("This is the first drawing."); },
    next: () => { if (!selection.move(1)) show("This is the last drawing."); },
    accept: () => decide((path) => known.facts(path).suggested),
    right: () => decide(() => "right"),
    exclude: () => decide(() => "exclude"),
    correct: () => { if (selection.paths.size) $("#review-class").focus(); },
    several: () => { selection.several = !selection.several; show(); },
    group: () => selection.selectGroup(),
    undo: () => { const paths = decisions.undo(); if (paths.length) selection.selectPaths(paths); },
    clear: () => { selection.several = false; selection.clear(); },
    panel: () => toggle("panel"),
    help: () => toggle("help"),
    download: () => panel.download(),
    copy: async () => show((await panel.copy()) ? "The command is copied." : "Copy the selected command."),
    forget: () => decisions.decide([...decisions.byPath.keys()].map((path) => [path, null])),
  };
  bar.addEventListener("click", (event) => actions[event.target.closest("[data-review]")?.dataset.review]?.());
  $("#review-form").addEventListener("submit", (event) => { event.preventDefault(); correct(); });
  $("#review-load").addEventListener("change", (event) => {
    const [file] = event.target.files;
    if (file) load(file);
    event.target.value = "";
  });

  const keys = { n: "next", p: "previous", a: "accept", x: "exclude", r: "right", c: "correct", g: "group", u: "undo", "?": "help" };
  const arrows = { ArrowRight: "next", ArrowLeft: "previous" };
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const field = event.target.closest("input, select, textarea, [contenteditable]");
    if (field && !["checkbox", "file"].includes(field.type)) {
      if (event.key === "Escape" && field.id === "review-class") { selection.current?.focus(); event.preventDefault(); }
      return;
    }
    if (event.key === "Escape") { if (!$("dialog[open]") && selection.paths.size) actions.clear(); return; }
    const arrow = arrows[event.key];
    if (arrow && (!selection.paths.size || event.target.closest("canvas, summary, .scroll:focus"))) return;
    const name = arrow ?? keys[event.key.length === 1 ? event.key.toLowerCase() : ""];
    if (!name || !$("#review-keys").checked) return;
    event.preventDefault();
    const done = actions[name]();
    if (event.shiftKey && done === true && ["accept", "right", "exclude"].includes(name)) actions.next();
  });
  try {
    $("#review-keys").checked = localStorage.getItem("sketchfit-review-keys") !== "off";
    $("#review-keys").addEventListener("change", (event) => localStorage.setItem("sketchfit-review-keys", event.target.checked ? "on" : "off"));
  } catch { /* the shortcuts stay on */ }

  // A modal dialog makes the rest of the page inert: the bar moves into it.
  for (const box of $$("dialog")) {
    new MutationObserver(() => { (box.open ? box : document.body).append(bar); bar.hidden = false; selection.clear(); })
      .observe(box, { attributeFilter: ["open"] });
  }
  $("#review-classes").append(...setup.names.map((name) => el("option", { value: name })));
  document.body.append(bar);
  // The bar appears with the first drawing on the screen.
  const sight = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    bar.hidden = false;
    sight.disconnect();
  });
  $$("[data-drawing]").forEach((node) => sight.observe(node));
  document.body.classList.add("with-review");
  selection.update();
})();
