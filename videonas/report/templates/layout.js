// Places the boxes and arrows of any acyclic graph in layers, arrows pointing down, by the steps
// of videonas/report/layout.py. The page has thousands of networks and draws the one asked for.
const arrange = (function () {
  "use strict";
  const GAP = 26, BEND = 10, SWEEPS = 8;

  // The layer of each box, in the order in which arrows lead to it: one more than the deepest of
  // those that lead to it, else 0.
  function layersOf(count, arrows) {
    const waiting = Array(count).fill(0);
    for (const [, end] of arrows) waiting[end] += 1;
    const ready = [...waiting.keys()].filter((box) => !waiting[box]);
    const layers = new Map(ready.map((box) => [box, 0]));
    for (const box of ready)
      for (const [start, end] of arrows) {
        if (start !== box) continue;
        layers.set(end, Math.max(layers.get(end) || 0, layers.get(box) + 1));
        waiting[end] -= 1;
        if (!waiting[end]) ready.push(end);
      }
    return layers;
  }

  // Each arrow as a chain of items in neighbouring layers; new items stand for its bends.
  function withBends(arrows, layers) {
    const of = new Map(layers);
    const chains = arrows.map(([start, end]) => {
      const chain = [start];
      for (let layer = layers.get(start) + 1; layer < layers.get(end); layer += 1) {
        chain.push(of.size);
        of.set(of.size, layer);
      }
      return [...chain, end];
    });
    const rows = Array.from({ length: Math.max(...of.values()) + 1 }, () => []);
    of.forEach((layer, item) => rows[layer].push(item));
    return { chains, rows, count: of.size };
  }

  function neighbours(chains, count) {
    const above = Array.from({ length: count }, () => []);
    const below = Array.from({ length: count }, () => []);
    for (const chain of chains)
      for (let at = 1; at < chain.length; at += 1) {
        above[chain[at]].push(chain[at - 1]);
        below[chain[at - 1]].push(chain[at]);
      }
    return { above, below };
  }

  const places = (row) => new Map(row.map((item, place) => [item, place]));

  function crossings(rows, below) {
    let total = 0;
    for (let layer = 0; layer + 1 < rows.length; layer += 1) {
      const place = places(rows[layer + 1]);
      const ends = rows[layer].flatMap(
        (item) => below[item].map((other) => place.get(other)).sort((a, b) => a - b));
      ends.forEach((end, at) => {
        for (let later = at + 1; later < ends.length; later += 1) total += end > ends[later];
      });
    }
    return total;
  }

  // The rows in the order that had the fewest crossings.
  function ordered(rows, { above, below }) {
    let best = rows, fewest = crossings(rows, below);
    for (let sweep = 0; sweep < SWEEPS && fewest; sweep += 1) {
      const down = sweep % 2 === 0;
      rows = rows.map((row) => row.slice());
      for (let step = 1; step < rows.length; step += 1) {
        const layer = down ? step : rows.length - 1 - step;
        const other = places(rows[down ? layer - 1 : layer + 1]), here = places(rows[layer]);
        const mean = (item) => {
          const near = (down ? above : below)[item];
          return near.length ? near.reduce((sum, n) => sum + other.get(n), 0) / near.length
            : here.get(item);
        };
        rows[layer].sort((a, b) => mean(a) - mean(b) || here.get(a) - here.get(b));
      }
      const found = crossings(rows, below);
      if (found < fewest) [best, fewest] = [rows, found];
    }
    return best;
  }

  // Places in the given order, as near to the wanted ones as the gaps allow.
  function spread(wanted, gaps, weights) {
    const offsets = [0];
    for (const gap of gaps) offsets.push(offsets[offsets.length - 1] + gap);
    const blocks = [];
    wanted.forEach((place, index) => {
      let block = [place - offsets[index], weights[index], 1];
      while (blocks.length && blocks[blocks.length - 1][0] > block[0]) {
        const [mean, heavy, count] = blocks.pop(), total = heavy + block[1];
        block = [(mean * heavy + block[0] * block[1]) / total, total, count + block[2]];
      }
      blocks.push(block);
    });
    return blocks.flatMap(([mean, , count]) => Array(count).fill(mean))
      .map((mean, index) => mean + offsets[index]);
  }

  // Horizontal centres: near the mean of the neighbours, far enough apart.
  function centres(rows, { above, below }, widths, boxes) {
    const middles = [];
    for (const row of rows) {
      let at = -row.reduce((sum, item) => sum + widths[item] + GAP, 0) / 2;
      for (const item of row) {
        middles[item] = at + (widths[item] + GAP) / 2;
        at += widths[item] + GAP;
      }
    }
    const weight = (item) => item < boxes ? 1
      : [...above[item], ...below[item]].every((near) => near < boxes) ? 0.3 : 4;
    for (let sweep = 0; sweep < 2 * SWEEPS; sweep += 1) {
      const sides = sweep % 2 ? [below, above] : [above, below];
      for (const row of sweep % 2 ? rows.slice().reverse() : rows) {
        const wanted = row.map((item) => {
          const near = sides.map((side) => side[item]).find((side) => side.length) || [item];
          const pull = (n) => (n < boxes ? 1 : 0.3);
          return near.reduce((sum, n) => sum + middles[n] * pull(n), 0)
            / near.reduce((sum, n) => sum + pull(n), 0);
        });
        const gaps = row.slice(1).map(
          (item, index) => (widths[row[index]] + widths[item]) / 2 + GAP);
        spread(wanted, gaps, row.map(weight)).forEach((x, index) => { middles[row[index]] = x; });
      }
    }
    return middles;
  }

  // Where each arrow meets its box, spread over the middle half of the side.
  function ports(chains, boxes, middles, outgoing) {
    const found = [];
    boxes.forEach((box, index) => {
      const here = chains.map((chain, number) => [chain, number])
        .filter(([chain]) => (outgoing ? chain[0] : chain[chain.length - 1]) === index)
        .sort(([a], [b]) => outgoing ? middles[a[1]] - middles[b[1]]
          : middles[a[a.length - 2]] - middles[b[b.length - 2]]);
      here.forEach(([, number], place) => {
        found[number] = box.left + box.width / 4 + (place + 0.5) / here.length * box.width / 2;
      });
    });
    return found;
  }

  // Sizes are [width, height] of each box in their order, arrows [from, to] by place in it.
  return function (sizes, arrows, layerGap) {
    const { chains, rows: drawn, count } = withBends(arrows, layersOf(sizes.length, arrows));
    const near = neighbours(chains, count), rows = ordered(drawn, near);
    const widths = Array.from({ length: count }, (_, i) => (i < sizes.length ? sizes[i][0] : BEND));
    let middles = centres(rows, near, widths, sizes.length);
    const left = Math.min(...middles.map((middle, item) => middle - widths[item] / 2));
    middles = middles.map((middle) => middle - left);
    const boxes = [], bands = [];
    let top = 0;
    for (const row of rows) {
      const tallest = Math.max(...row.map((item) => (item < sizes.length ? sizes[item][1] : 0)));
      for (const item of row) {
        bands[item] = [top, top + tallest];
        if (item >= sizes.length) continue;
        const [width, height] = sizes[item];
        boxes[item] = {
          left: middles[item] - width / 2, top: top + (tallest - height) / 2, width, height,
        };
      }
      top += tallest + layerGap;
    }
    const starts = ports(chains, boxes, middles, true), ends = ports(chains, boxes, middles, false);
    const routes = chains.map((chain, number) => {
      const first = boxes[chain[0]], last = boxes[chain[chain.length - 1]];
      const between = chain.slice(1, -1).flatMap(
        (item) => bands[item].map((y) => [middles[item], y]));
      const corners = [
        [starts[number], first.top + first.height], [starts[number], bands[chain[0]][1]],
        ...between,
        [ends[number], bands[chain[chain.length - 1]][0]], [ends[number], last.top],
      ];
      // a piece without length would turn the arrow's head
      return corners.filter(([x, y], at) => !at || x !== corners[at - 1][0] || y !== corners[at - 1][1]);
    });
    const width = Math.max(...middles.map((middle, item) => middle + widths[item] / 2));
    return { boxes, routes, width, height: top - layerGap };
  };
})();
