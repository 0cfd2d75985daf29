// The metric over two hyperparameters, and at each level of training.

import { nearest, robust } from "./curves.js";
import { format } from "./data.js";
import { Frame } from "./frame.js";
import { evenly } from "./parallel.js";
import { extent, jitter, memberColors, metricExtent, rampColor, scale } from "./scales.js";
import { changed, h, shown, state } from "./state.js";
import { theme } from "./theme.js";

const SMOOTH = 0.07; // width of the surface's kernel, as a share of the chart
const CELLS = [44, 28];

/** Members over two numeric hyperparameters, on the metric's weighted mean around each place; null with fewer
 * than two. */
export function surfaceChart(run) {
  const numeric = run.parameters
    .map((parameter, i) => ({ parameter, i }))
    .filter(
      ({ parameter, i }) => !parameter.choices.length && extent(run.col[`p${i}`])[1] > extent(run.col[`p${i}`])[0],
    );
  if (numeric.length < 2 || !run.order.length) return null;
  const rank = (name) => {
    const at = run.importance.findIndex((row) => row.parameter === name);
    return at < 0 ? 99 : at;
  };
  const [first, second] = [...numeric].sort((a, b) => rank(a.parameter.name) - rank(b.parameter.name));
  const view = { x: first.i, y: second.i };
  let screen = [];
  const axis = (i, from, to) => {
    const p = run.parameters[i],
      [a, b] = Number.isFinite(p.low) && Number.isFinite(p.high) ? [p.low, p.high] : extent(run.col[`p${i}`]);
    return scale(p.scale, a, b, from, to);
  };

  const frame = new Frame(
    (f) => {
      const x = axis(view.x, f.left, f.right),
        y = axis(view.y, f.bottom, f.top),
        xs = run.col[`p${view.x}`],
        ys = run.col[`p${view.y}`];
      const members = evenly(Array.from(run.order), 3000).filter(
        (m) => Number.isFinite(xs[m]) && Number.isFinite(ys[m]),
      );
      f.clip(() =>
        surface(
          f,
          run,
          members.map((m) => [x(xs[m]), y(ys[m]), run.col.best[m]]),
        ),
      );
      f.yAxis(y, run.parameters[view.y].name);
      f.xAxis(x, run.parameters[view.x].name);
      screen = [];
      for (const m of [...members].reverse()) {
        const marked = m === state.selected ? theme().ink : m === run.winner ? theme().win : null,
          at = [x(xs[m]), y(ys[m])];
        f.c.globalAlpha = shown(m) ? 1 : 0.1;
        f.dot(
          ...at,
          marked ? 5.5 : members.length > 400 ? 1.5 : 2.5,
          marked ?? theme().ink,
          marked ? theme().back : null,
        );
        if (shown(m)) screen.push([m, [at]]);
      }
      f.c.globalAlpha = 1;
    },
    {
      height: 360,
      label: `${run.meta.metric} over two hyperparameters`,
      pick: (px, py) => nearest(run, screen, px, py),
    },
  );

  const chooser = (key, name) => {
    const select = h(
      "select",
      {
        "aria-label": name,
        onchange: () => {
          view[key] = Number(select.value);
          changed();
        },
      },
      numeric.map(({ parameter, i }) => h("option", { value: String(i), selected: i === view[key] }, parameter.name)),
    );
    return h("label", { class: "control" }, `${name} `, select);
  };
  return h("div", {}, h("div", { class: "controls" }, chooser("x", "Across"), chooser("y", "Up")), frame.element);
}

/** Cells colored by the mean of the metric around them, fading where no member is near. points: [x, y, value]. */
export function surface(f, run, points) {
  const [columns, rows] = CELLS,
    w = (f.right - f.left) / columns,
    hgt = (f.bottom - f.top) / rows,
    [low, high] = metricExtent(run);
  const flip = run.meta.maximize ? !theme().dark : theme().dark,
    sx = SMOOTH * (f.right - f.left),
    sy = SMOOTH * (f.bottom - f.top);
  // Rounded, so that neighbors neither gape nor overlap.
  const edges = (from, size, count) => Array.from({ length: count + 1 }, (_, i) => Math.round(from + i * size));
  const xs = edges(f.left, w, columns),
    ys = edges(f.top, hgt, rows);
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j < rows; j++) {
      const cx = f.left + (i + 0.5) * w,
        cy = f.top + (j + 0.5) * hgt;
      let weight = 0,
        sum = 0;
      for (const [px, py, value] of points) {
        const d = ((px - cx) / sx) ** 2 + ((py - cy) / sy) ** 2;
        if (d > 9) continue;
        const k = Math.exp(-d / 2);
        weight += k;
        sum += k * Math.max(low, Math.min(high, value));
      }
      if (weight < 0.01) continue;
      const t = (sum / weight - low) / (high - low || 1);
      f.c.globalAlpha = 0.75 * Math.min(1, weight);
      f.c.fillStyle = rampColor(flip ? 1 - t : t);
      f.c.fillRect(xs[i], ys[j], xs[i + 1] - xs[i], ys[j + 1] - ys[j]);
      f.marks++;
    }
  }
  f.c.globalAlpha = 1;
}

/** What members had at each level of training where some ended: dots, the best and the median. Null for a single
 * level. */
export function levelsChart(run) {
  const levels = run.rungs.level,
    place = new Map(levels.map((level, i) => [level, i])),
    values = levels.map(() => []);
  const { "e.member": who, "e.resource": at, "e.value": value } = run.col;
  for (let row = 0; row < who.length; row++)
    if (place.has(at[row]) && Number.isFinite(value[row])) values[place.get(at[row])].push([value[row], who[row]]);
  if (levels.length < 2 || levels.length > 40 || !values.some((list) => list.length)) return null;
  for (const list of values) list.sort((a, b) => run.sign * (a[0] - b[0]));
  let screen = [];
  const frame = new Frame(
    (f) => {
      const [low, high] = robust(
          run,
          values.flat().map(([v]) => v),
        ),
        y = scale("linear", low, high, f.bottom, f.top),
        colors = memberColors(run);
      const x = Object.assign((i) => f.left + ((i + 0.5) * (f.right - f.left)) / levels.length, {
        ticks: () => levels.map((_, i) => i),
      });
      f.yAxis(y, run.meta.metric);
      f.xAxis(x, `trained to, ${run.meta.unit}s`, (i) => format(levels[i]));
      screen = [];
      f.clip(() => {
        values.forEach((list, i) => {
          evenly(list, 1500).forEach(([v, m]) => {
            const px = x(i) + (jitter(m) * (f.right - f.left)) / levels.length,
              py = Math.max(f.top, Math.min(f.bottom, y(v)));
            f.c.globalAlpha = shown(m) ? 0.8 : 0.08;
            f.dot(
              px,
              py,
              m === state.selected ? 5 : list.length > 400 ? 1.3 : 2.5,
              m === state.selected ? theme().ink : colors(m),
            );
            if (shown(m)) screen.push([m, [[px, py]]]);
          });
        });
        f.c.globalAlpha = 1;
        const along = (pick) => values.flatMap((list, i) => (list.length ? [[x(i), y(pick(list)[0])]] : []));
        f.path(
          along((list) => list[list.length >> 1]),
          theme().accent,
          2,
        );
        f.path(
          along((list) => list[0]),
          theme().win,
          2.5,
        );
      });
    },
    { height: 260, label: `${run.meta.metric} by level of training`, pick: (px, py) => nearest(run, screen, px, py) },
  );
  return h(
    "div",
    {},
    frame.element,
    h(
      "p",
      { class: "key" },
      [
        ["--win", "best"],
        ["--accent", "median"],
      ].map(([name, text]) => h("span", {}, h("i", { style: { background: `var(${name})` } }), ` ${text} `)),
    ),
  );
}
