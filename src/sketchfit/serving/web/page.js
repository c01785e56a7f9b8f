"use strict";
// The page: connects the canvas, the engine and the views.

(() => {
  const find = (selector) => document.querySelector(selector);
  const engine = sketchfit.engine = sketchfit.Local ? new sketchfit.Local() : new sketchfit.Service();
  const drawing = new sketchfit.Drawing();
  const canvas = new sketchfit.Canvas(find("#canvas"), drawing, changed);
  const answers = new sketchfit.AnswerView(find);
  const explanations = new sketchfit.ExplanationView(find);
  const factsView = new sketchfit.FactsView(find);
  const live = new sketchfit.Live(() => engine.predict(picture()), showAnswer, fail);
  const why = new sketchfit.Live((current) => engine.explain(picture(), current), showExplanation, failToExplain, 300);
  const QUIET = 600; // milliseconds without a change after which an answer is explained
  const SLOW = 2500; // milliseconds: slower explanations come only when they are requested
  let side = 256;
  let quiet = 0;

  // What the network receives: the file of a picture, or the drawing.
  function picture() {
    const file = drawing.file();
    const ink = canvas.ink;
    let painted = null;
    const pixels = () => painted ??= sketchfit.picture(drawing, ink, side, find("#fit").checked);
    return {
      blob: () => file ?? new Promise((done) => pixels().toBlob(done, "image/png")),
      canvas: () => file ? sketchfit.pictureCanvas(drawing.visible()[0].bitmap) : pixels(),
    };
  }

  function changed(complete) {
    const blank = drawing.isBlank();
    find("#hint").hidden = drawing.visible().length > 0;
    find("#undo").disabled = !drawing.canUndo();
    find("#redo").disabled = !drawing.canRedo();
    find("#clear").disabled = find("#explain").disabled = blank;
    explanations.clear();
    why.cancel();
    clearTimeout(quiet);
    if (blank) {
      live.cancel();
      answers.clear();
      showProblem(null);
      return;
    }
    live.change();
    if (complete && find("#explain-often").checked && !find("#why").hidden) quiet = setTimeout(() => why.change(), QUIET);
  }

  function showAnswer(answer, milliseconds) {
    showProblem(answer.damage ? new sketchfit.Problem(`The picture is damaged: ${answer.damage}.`) : null);
    answers.show(answer);
    factsView.showTime(answer.milliseconds ?? milliseconds);
  }

  function showExplanation(explanation, milliseconds) {
    find("#why").classList.remove("busy");
    explanations.show(explanation);
    if (milliseconds > SLOW) find("#explain-often").checked = false;
  }

  function fail(problem) {
    find("#why").classList.remove("busy");
    if (problem.token) find("#token-form").hidden = false;
    showProblem(problem instanceof sketchfit.Problem ? problem : new sketchfit.Problem("The page has an error."));
  }

  // A service may have no explanations.
  function failToExplain(problem) {
    if (problem.status === 404) find("#why").hidden = true;
    else fail(problem);
  }

  function showProblem(problem) {
    find("#problem").hidden = !problem;
    if (!problem) return;
    find("#problem").textContent = problem.message + (problem.wait ? " Trying again …" : "");
  }

  const tools = {
    choose(erases) {
      canvas.erases = erases;
      find("#pen").setAttribute("aria-pressed", String(!erases));
      find("#eraser").setAttribute("aria-pressed", String(erases));
      find("#paper").classList.toggle("erases", erases);
    },
    widen(step) {
      find("#width").value = Number(find("#width").value) + step;
      tools.readWidth();
    },
    readWidth() {
      const factor = 2 ** (Number(find("#width").value) / 2);
      canvas.widthFactor = factor;
      const usual = canvas.ink === sketchfit.DEFAULT_INK ? "usual" : "as in training";
      const text = factor === 1 ? usual : `${factor.toFixed(factor < 1 ? 2 : 1)} ×`;
      find("#width-text").textContent = text;
      find("#width").setAttribute("aria-valuetext", text);
    },
    undo: () => edit(() => drawing.undo()),
    redo: () => edit(() => drawing.redo()),
    clear: () => edit(() => drawing.clear()),
  };

  function edit(change) {
    if (canvas.stroke) canvas.end();
    change();
    canvas.refresh();
    changed(true);
  }

  function connect() {
    find("#pen").addEventListener("click", () => tools.choose(false));
    find("#eraser").addEventListener("click", () => tools.choose(true));
    for (const name of ["undo", "redo", "clear"]) find(`#${name}`).addEventListener("click", tools[name]);
    find("#width").addEventListener("input", tools.readWidth);
    find("#fit").addEventListener("change", () => changed(true));
    find("#explain").addEventListener("click", () => {
      find("#why").classList.add("busy");
      why.change();
    });
    find("#explain-often").addEventListener("change", (event) => {
      if (event.target.checked && !drawing.isBlank()) why.change();
    });
    find("#token-form").addEventListener("submit", (event) => {
      event.preventDefault();
      engine.useToken(find("#token").value);
      find("#token-form").hidden = true;
      showProblem(null);
      start();
    });
    sketchfit.listenToKeys(canvas, tools);
    sketchfit.listenToUploads({
      input: find("#file"),
      button: find("#upload"),
      target: find("#paper"),
      place: (placed) => edit(() => drawing.place(placed)),
      fail: (message) => showProblem(new sketchfit.Problem(message)),
    });
  }

  async function start() {
    try {
      const facts = await engine.facts();
      const ink = facts.ink ?? sketchfit.DEFAULT_INK;
      canvas.setInk(ink);
      tools.readWidth();
      document.documentElement.classList.toggle("dark-paper", Math.max(...ink.paper) < 128);
      find("#fit-label").hidden = !facts.ink;
      find("#fit").checked = Boolean(facts.ink);
      side = Math.min(512, Math.max(256, facts.preprocessing.stored));
      const names = new Map(facts.labels.map((label, i) => [label, facts.names[i]]));
      answers.nameOf = (label) => names.get(label) ?? label;
      factsView.show(facts);
      find("#why").hidden = false;
      find("#explain-often").checked = Boolean(sketchfit.Local) || ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
      engine.ready?.catch(fail);
      if (!drawing.isBlank()) changed(true);
    } catch (problem) {
      fail(problem);
      find("#subtitle").textContent = "";
      if (problem.wait) setTimeout(start, 1000 * problem.wait);
    }
  }

  tools.readWidth();
  connect();
  start();
})();
