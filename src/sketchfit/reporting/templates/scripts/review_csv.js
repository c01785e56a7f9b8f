// CSV files of reviews: written with commas, read with commas, semicolons or tabs.
const reviewCsvText = (lines) => lines.map((cells) => cells.map((cell) => {
  const text = String(cell);
  return /[",\n\r]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}).join(",")).join("\n") + "\n";

// Returns the lines of a file, each a list of cells; empty lines are left out.
function reviewCsvLines(text) {
  const content = text.replace(/^\ufeff/, ""), first = content.split(/\r?\n/, 1)[0];
  const count = (mark) => first.split(mark).length;
  const separator = [",", ";", "\t"].reduce((best, mark) => (count(mark) > count(best) ? mark : best));
  const lines = [];
  let line = [], cell = "", quoted = false;
  const endCell = () => { line.push(cell); cell = ""; };
  const endLine = () => { endCell(); if (line.length > 1 || line[0] !== "") lines.push(line); line = []; };
  for (let at = 0; at < content.length; at += 1) {
    const mark = content[at];
    if (quoted) {
      if (mark !== '"') cell += mark;
      else if (content[at + 1] === '"') { cell += '"'; at += 1; }
      else quoted = false;
    } else if (mark === '"' && cell === "") quoted = true;
    else if (mark === separator) endCell();
    else if (mark === "\n" || mark === "\r") endLine();
    else cell += mark;
  }
  endLine();
  return lines;
}
