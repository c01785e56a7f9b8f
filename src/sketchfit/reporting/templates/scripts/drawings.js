const data = JSON.parse($("#data").textContent);
const { names, rows, sprites, side, columns } = data;
// Of many drawings, the page has a sample: places are those of all, and the others are left empty.
if (data.places) for (const [key, values] of Object.entries(rows)) {
  rows[key] = [];
  data.places.forEach((place, k) => { rows[key][place] = values[k]; });
}
const byClass = names.map(() => []);
rows.label.forEach((label, place) => byClass[label].push(place));
const totals = data.counts || byClass.map((places) => places.length);
const position = new Map();
byClass.forEach((places) => places.forEach((place, k) => position.set(place, k)));
// The pictures of a class fill one sprite after the other.
let spriteCount = 0;
const firstSprite = byClass.map((places) => { const first = spriteCount; spriteCount += Math.ceil(places.length / data.sprite_size); return first; });
const isRight = (place) => rows.answer[place] === rows.label[place];
const describe = (place) => `${rows.path[place]}: ${names[rows.label[place]]}` +
  (isRight(place) ? `, right with ${percent(rows.confidence[place] / 1000)}`
    : `, predicted as ${names[rows.answer[place]]} with ${percent(rows.confidence[place] / 1000)}; true class ${percent(rows.own[place] / 1000)}`);

function thumb(place) {
  const inClass = position.get(place), k = inClass % data.sprite_size;
  const uri = sprites[firstSprite[rows.label[place]] + Math.floor(inClass / data.sprite_size)];
  const node = el("span", { className: `thumb ${isRight(place) ? "right" : "wrong"}`, role: "img", title: describe(place) });
  node.setAttribute("aria-label", describe(place));
  Object.assign(node.dataset, { drawing: rows.path[place], label: names[rows.label[place]] });
  node.style.width = node.style.height = side + "px";
  node.style.backgroundImage = `url("${uri}")`;
  node.style.backgroundPosition = `-${(k % columns) * side}px -${Math.floor(k / columns) * side}px`;
  return node;
}
