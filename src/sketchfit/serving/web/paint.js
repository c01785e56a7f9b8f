"use strict";
// Marks as pixels: on the screen, and as the picture that the network receives.

// Colours and lengths of the training drawings, where a bundle has not measured them.
sketchfit.DEFAULT_INK = {line_width: 0.02, margin: 0.05, ink: [0, 0, 0], paper: [255, 255, 255]};

sketchfit.IDENTITY = {x: 0, y: 0, scale: 1};

sketchfit.css = (colour) => `rgb(${colour.join(" ")})`;

// A context of a new canvas with a square of paper.
sketchfit.sheet = (side, ink, read = false) => {
  const canvas = Object.assign(document.createElement("canvas"), {width: side, height: side});
  const context = canvas.getContext("2d", {willReadFrequently: read});
  context.fillStyle = sketchfit.css(ink.paper);
  context.fillRect(0, 0, side, side);
  return context;
};

// Paint marks: point (x, y) comes to ((x + place.x) * place.scale, …). Lines of the pen keep their width.
sketchfit.paint = (context, marks, ink, place = sketchfit.IDENTITY) => {
  for (const mark of marks) {
    if (mark.kind === "picture") paintPicture(context, mark);
    else sketchfit.paintStroke(context, mark, ink, place);
  }

  function paintPicture(context, {bitmap}) {
    if (!bitmap) return;
    const side = context.canvas.width;
    const scale = side / Math.max(bitmap.width, bitmap.height);
    const [width, height] = [bitmap.width * scale, bitmap.height * scale];
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, (side - width) / 2, (side - height) / 2, width, height);
  }
};

sketchfit.paintStroke = (context, {points, width, erase}, ink, place = sketchfit.IDENTITY) => {
  const side = context.canvas.width;
  const at = ([x, y]) => [(x + place.x) * place.scale * side, (y + place.y) * place.scale * side];
  context.strokeStyle = sketchfit.css(erase ? ink.paper : ink.ink);
  context.lineWidth = Math.max(1, width * side * (erase ? place.scale : 1));
  context.lineCap = context.lineJoin = "round";
  context.beginPath();
  context.moveTo(...at(points[0]));
  for (let i = 1; i < points.length - 1; i++) {
    const [x, y] = at(points[i]);
    const [nextX, nextY] = at(points[i + 1]);
    if (sketchfit.isCorner(points[i - 1], points[i], points[i + 1])) context.lineTo(x, y);
    else context.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2); // to the middle of the next segment
  }
  context.lineTo(...at(points.at(-1)));
  context.stroke();
};

// Whether a line has a corner at its middle point. A hand that is fast makes long segments: small turns are curves.
sketchfit.isCorner = ([x0, y0], [x, y], [x1, y1]) => {
  const [CLOSE, FAR, STRAIGHT] = [0.015, 0.1, 0.5]; // shares of the side, and the cosine of a turn by 60°
  const [before, after] = [Math.hypot(x - x0, y - y0), Math.hypot(x1 - x, y1 - y)];
  if (Math.max(before, after) < CLOSE) return false;
  if (Math.max(before, after) > FAR) return true;
  return (x - x0) * (x1 - x) + (y - y0) * (y1 - y) < STRAIGHT * before * after;
};

// Bounding box of the ink: {left, top, right, bottom} as shares; null for a blank drawing.
sketchfit.inkBox = (marks, ink) => {
  if (!marks.length) return null;
  const plain = marks.every((mark) => mark.kind === "stroke" && !mark.erase);
  return plain ? sketchfit.strokeBox(marks) : sketchfit.pixelBox(marks, ink);
};

// That of strokes, of which nothing is erased.
sketchfit.strokeBox = (strokes) => {
  const box = {left: 1, top: 1, right: 0, bottom: 0};
  for (const {points, width} of strokes) {
    for (const [x, y] of points) {
      box.left = Math.min(box.left, x - width / 2);
      box.top = Math.min(box.top, y - width / 2);
      box.right = Math.max(box.right, x + width / 2);
      box.bottom = Math.max(box.bottom, y + width / 2);
    }
  }
  const inside = (value) => Math.min(1, Math.max(0, value));
  return {left: inside(box.left), top: inside(box.top), right: inside(box.right), bottom: inside(box.bottom)};
};

// That of all pixels that differ from the paper.
sketchfit.pixelBox = (marks, ink, side = 256) => {
  const context = sketchfit.sheet(side, ink, true);
  sketchfit.paint(context, marks, ink);
  const {data} = context.getImageData(0, 0, side, side);
  const [red, green, blue] = ink.paper;
  let [left, top, right, bottom] = [side, side, 0, 0];
  for (let y = 0, i = 0; y < side; y++) {
    for (let x = 0; x < side; x++, i += 4) {
      const apart = Math.max(Math.abs(data[i] - red), Math.abs(data[i + 1] - green), Math.abs(data[i + 2] - blue));
      if (apart <= 24) continue;
      [left, right] = [Math.min(left, x), Math.max(right, x + 1)];
      [top, bottom] = [Math.min(top, y), Math.max(bottom, y + 1)];
    }
  }
  return right ? {left: left / side, top: top / side, right: right / side, bottom: bottom / side} : null;
};

// Most that a drawing is enlarged: a dot stays a dot.
sketchfit.MOST_ENLARGED = 4;

// Where the ink must be moved so that it has the margins of the training drawings.
sketchfit.trainingPlace = (marks, ink) => {
  const box = sketchfit.inkBox(marks, ink);
  if (!box) return sketchfit.IDENTITY;
  const longer = Math.max(box.right - box.left, box.bottom - box.top);
  const widths = marks.filter((mark) => !mark.erase).map((mark) => mark.width);
  const line = Math.min(longer, Math.max(0, ...widths));
  // Half a line's width is outside of the points on each side, and is not scaled.
  const room = Math.max(0.1, 1 - 2 * ink.margin - line);
  const scale = Math.min(sketchfit.MOST_ENLARGED, room / Math.max(longer - line, 1e-6));
  return {
    x: 0.5 / scale - (box.left + box.right) / 2,
    y: 0.5 / scale - (box.top + box.bottom) / 2,
    scale,
  };
};

// The picture of a drawing: a canvas of this side.
sketchfit.picture = (drawing, ink, side, fit) => {
  const marks = drawing.visible();
  const place = fit && !drawing.hasPicture() ? sketchfit.trainingPlace(marks, ink) : sketchfit.IDENTITY;
  const context = sketchfit.sheet(side, ink, true);
  // What was drawn outside of the canvas stays outside.
  const [x, y, length] = [place.x, place.y, 1].map((share) => share * place.scale * side);
  context.beginPath();
  context.rect(x, y, length, length);
  context.clip();
  sketchfit.paint(context, marks, ink, place);
  return context.canvas;
};
