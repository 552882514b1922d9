// Draws a network's diagram as SVG, as videonas/report/diagram.py does for the best one.
const drawNetwork = (function () {
  "use strict";
  const CHARACTER = 6.9, LINE = 17, PAD = 12, MARGIN = 8, NARROWEST = 132;
  let drawn = 0;

  function svg(name, attributes, ...children) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  const round = (value) => Math.round(value * 10) / 10;
  const lengthOf = (text) =>
    [...text].reduce((sum, sign) => sum + (sign.codePointAt(0) >= 0x1100 ? 2 : 1), 0);

  function sizeOf(box) {
    const longest = Math.max(...box.texts.map(([, text]) => lengthOf(text)));
    return [Math.max(longest * CHARACTER + 2 * PAD, NARROWEST),
      LINE * box.texts.length + 2 * PAD - 4];
  }

  function boxOf(box, { left, top, width, height }) {
    const parts = [svg("rect", { x: round(left), y: round(top), width: round(width), height, rx: 7 })];
    box.texts.forEach(([style, text], index) => parts.push(svg("text", {
      x: round(left + width / 2), y: round(top + PAD + 10 + index * LINE), class: "middle " + style,
    }, text)));
    return svg("g", { class: "node" }, ...parts);
  }

  // A curve that leaves and meets boxes vertically.
  function arrowOf(route, head) {
    let d = "M" + round(route[0][0]) + " " + round(route[0][1]);
    for (let at = 1; at < route.length; at += 1) {
      const [x0, y0] = route[at - 1], [x1, y1] = route[at];
      const bend = round((y0 + y1) / 2);
      d += Math.abs(x0 - x1) < 0.05 ? "V" + round(y1)
        : "C" + [round(x0), bend, round(x1), bend, round(x1), round(y1)].join(" ");
    }
    return svg("path", { d, class: "arrow", "marker-end": "url(#" + head + ")" });
  }

  function labelOf(route, text) {
    const gaps = route.slice(1).map((to, index) => [route[index], to]);
    const [at, to] = gaps.filter(([a, b]) => b[1] - a[1] > 20).pop() || [route[0], route[0]];
    const place = { x: round((at[0] + to[0]) / 2), y: round((at[1] + to[1]) / 2 + 4) };
    return svg("text", { ...place, class: "middle halo label" }, text);
  }

  function headOf(id) {
    return svg("defs", {}, svg("marker", {
      id, viewBox: "0 0 8 8", refX: 7.5, refY: 4, markerWidth: 8, markerHeight: 8,
      orient: "auto", markerUnits: "userSpaceOnUse",
    }, svg("path", { d: "M0 0L8 4L0 8z", class: "head" })));
  }

  function describe(boxes, arrows) {
    return boxes.map((box, index) => {
      const before = arrows.filter(([, end]) => end === index).map(([start, , text]) =>
        boxes[start].texts[0][1] + (text ? " (" + text + ")" : ""));
      const what = box.texts.map(([, text]) => text).join(", ");
      return what + (before.length ? ", after " + before.join(" and ") : "");
    }).join("; ");
  }

  // A diagram is the numbers of its boxes and, unless it is a chain, its arrows.
  return function ({ texts, boxes, diagrams }, number, title) {
    const [numbers, listed] = diagrams[number];
    const shown = numbers.map((box) => {
      const [name, shape, ...lines] = boxes[box].map((text) => texts[text]);
      const parts = [["title", name], ...lines.map((line) => ["line", line]), ["shape", shape]];
      return { texts: parts.filter(([, text]) => text) };
    });
    const arrows = listed ? listed.map(([start, end, text]) => [start, end, texts[text]])
      : numbers.slice(1).map((_, index) => [index, index + 1, ""]);
    const labelled = arrows.some(([, , text]) => text);
    const gap = labelled ? 54 : arrows.length < shown.length ? 26 : 42;
    const { boxes: placed, routes, width, height } = arrange(shown.map(sizeOf), arrows, gap);
    drawn += 1;
    const id = "drawn-" + drawn, size = [width + 2 * MARGIN, height + 2 * MARGIN].map(round);
    return svg("svg", {
      viewBox: "0 0 " + size.join(" "), width: size[0], height: size[1], role: "img",
      "aria-labelledby": id + "-title", "aria-describedby": id + "-desc", class: "picture fixed",
    }, svg("title", { id: id + "-title" }, title),
    svg("desc", { id: id + "-desc" }, describe(shown, arrows)), headOf(id + "-head"),
    svg("g", { transform: "translate(" + MARGIN + " " + MARGIN + ")" },
      ...routes.map((route) => arrowOf(route, id + "-head")),
      ...shown.map((box, index) => boxOf(box, placed[index])),
      ...arrows.map(([, , text], index) => text ? labelOf(routes[index], text) : "")));
  };
})();
