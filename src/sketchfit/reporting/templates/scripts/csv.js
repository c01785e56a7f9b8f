// CSV for people.
const csvControls = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|[\n\t]/g;
const csvCode = (one) => { const n = one.charCodeAt(0); return n < 256 ? "\\x" + n.toString(16).padStart(2, "0") : "\\u" + n.toString(16).padStart(4, "0"); };
function csvCell(value) {
  if (typeof value === "number") return String(value);
  let text = value.replace(csvControls, csvCode);
  // Spreadsheet programs compute a cell that begins with one of these.
  if (/^[=+\-@＝＋－＠]/.test(text) && isNaN(text)) text = "'" + text;
  return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}
const csvText = (lines) => lines.map((line) => line.map(csvCell).join(",") + "\n").join("");
