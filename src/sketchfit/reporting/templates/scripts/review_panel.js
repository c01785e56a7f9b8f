// The list of decisions, the file and the command.
class ReviewPanel {
  constructor(setup, decisions, describe) {
    Object.assign(this, { setup, decisions, describe, most: 200 });
    this.folder = $("#review-folder");
    try { this.folder.value = localStorage.getItem("sketchfit-review-folder") ?? ""; } catch { /* it stays empty */ }
    this.folder.addEventListener("input", () => {
      try { localStorage.setItem("sketchfit-review-folder", this.folder.value); } catch { /* it is not kept */ }
      this.show();
    });
    $("#review-list").addEventListener("click", (event) => {
      const path = event.target.dataset.path;
      if (path !== undefined) decisions.decide([[path, null]]);
    });
  }

  get command() {
    const posix = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\"'\"'")}'`);
    const quote = (text) => (text.includes("\\") ? `"${text}"` : posix(text));
    const folder = this.folder.value.trim(), file = folder ? `${folder.replace(/\/$/, "")}/${this.setup.file}` : this.setup.file;
    const home = file.startsWith("~/") ? "~/" : "";
    return this.setup.command.map((word) => word ?? home + quote(file.slice(home.length))).join(" ");
  }

  show() {
    const { setup, decisions } = this, all = [...decisions.byPath], count = (kind) => all.filter(([, { to }]) => kind(to)).length;
    const corrected = count(Number.isInteger), excluded = count((to) => to === "exclude"), right = count((to) => to === "right");
    const parts = [`${corrected} corrected`, `${excluded} excluded`, `${right} confirmed`];
    $("#review-summary").textContent = `${parts.join(", ")}.` + (decisions.kept ? "" : " This browser does not store them: download the file before you close the page.");
    const emptied = decisions.emptied(), warnings = [];
    if (emptied.length) warnings.push(`No drawing would be left of ${emptied.slice(0, 5).join(", ")}: the run refuses this. Keep some of each class.`);
    if (setup.missing) warnings.push(`The decisions of the earlier review are missing in the file (${setup.missing}). Load its CSV here.`);
    $("#review-warning").textContent = warnings.join(" ");
    $("#review-warning").hidden = !warnings.length;
    $("#review-command").textContent = this.command;
    const item = ([path, one]) => {
      const remove = el("button", { type: "button", className: "link", textContent: "remove", "aria-label": `Remove the decision on ${path}` });
      remove.dataset.path = path;
      return el("li", {}, el("span", { textContent: path }), ` ${this.describe(one)} `, remove);
    };
    const shown = all.reverse().slice(0, this.most).map(item);
    if (all.length > this.most) shown.push(el("li", { textContent: `${all.length - this.most} more are in the file` }));
    $("#review-list").replaceChildren(...shown);
  }

  download() {
    download(this.setup.file, this.decisions.csv());
  }

  copy() { return copyText($("#review-command")); }
}
