// Learning curves: of members, of lineages, and of the search.

import { clock, comparableHeld, format, inherits, lineageCurve } from "./data.js";
import { choice, colorChooser, Frame, rankKeys } from "./frame.js";
import { extent, memberColors, metricExtent, scale } from "./scales.js";
import { h, memberLines, memberLink, shown, state } from "./state.js";
import { theme } from "./theme.js";

/** Best so far, with the held-out metric apart: the first thing to see. */
export function progressChart(run) {
  let along = "time";
  const held = comparableHeld(run)
    .map(({ name }) => `best_${name}`)
    .filter((name) => name in run.progress);
  const frame = new Frame(
    (f) => {
      const p = run.progress,
        xs = p[along] ?? [];
      if (!xs.length) {
        f.word("No finite result yet.", f.left, (f.top + f.bottom) / 2, theme().soft);
        return;
      }
      const series = [
        ["best", theme().accent, run.meta.metric],
        ...held.map((name, i) => [name, i ? theme().soft : theme().second, name.slice(5)]),
      ];
      const ys = series.flatMap(([name]) => p[name]).filter(Number.isFinite);
      const [low, high] = robust(run, ys);
      const end = along === "time" ? run.meta.seconds : xs[xs.length - 1],
        way = ways(run)[along];
      f.right -= f.width > 600 ? 160 : 0; // room for the lines' names, where there is any
      const x = scale(way.kind, 0, end, f.left, f.right),
        y = scale("linear", low, high, f.bottom, f.top);
      f.yAxis(y, run.meta.metric);
      f.xAxis(x, way.title, way.text);
      f.clip(() => {
        for (const [name, color] of [...series].reverse()) {
          const points = [];
          xs.forEach((value, i) => {
            if (i) points.push([x(value), y(p[name][i - 1])]);
            points.push([x(value), y(p[name][i])]);
          });
          points.push([x(end), y(p[name][xs.length - 1])]);
          f.path(points, color, name === "best" ? 2.5 : 1.8);
        }
      });
      let last = -99;
      const ends = series
        .map(([name, color, text]) => [y(p[name][xs.length - 1]), `${text} ${format(p[name][xs.length - 1])}`, color])
        .sort((a, b) => a[0] - b[0]);
      const up = run.meta.maximize ? 1 : -1;
      for (const [at, text, color] of up > 0 ? ends : ends.reverse()) {
        const beside = f.width > 600,
          want = Math.max(f.top + 8, Math.min(f.bottom - 8, beside ? at : at + up * 13)),
          place = Math.abs(want - last) < 15 ? last + up * 15 : want;
        f.word(text, beside ? f.right + 7 : f.right - 4, place, color, beside ? "left" : "right");
        last = place;
      }
    },
    { height: 250, label: `Best ${run.meta.metric} so far over the search` },
  );
  return h(
    "div",
    {},
    h(
      "div",
      { class: "controls" },
      choice("Along", choices(ways(run)), along, (value) => {
        along = value;
      }),
    ),
    frame.element,
    costTable(run),
  );
}

/** Along what a search can be told: columns of its progress. */
export function ways(run) {
  const clocked = (name, title) => ({ name, title, kind: "time", text: clock });
  return {
    time: clocked("Time", "time of the search"),
    spent: { name: `${run.meta.unit}s`, title: `${run.meta.unit}s trained in all`, kind: "linear", text: format },
    ...(run.meta.gpu > 0
      ? { gpu: clocked("GPU time", "training of all GPUs") }
      : { busy: clocked("Worker time", "training of all workers") }),
  };
}

export const choices = (all) => Object.entries(all).map(([key, way]) => [key, way.name]);

const COSTS_MAX = 12;

/** What each improvement of the best cost up to then. */
function costTable(run) {
  const p = run.progress,
    [key, hours] = run.meta.gpu > 0 ? ["gpu", "GPU hours"] : ["busy", "worker hours"];
  const better = (p.best ?? []).map((_, i) => i).filter((i) => !i || p.best[i] !== p.best[i - 1]);
  if (!better.length) return null;
  const every = Math.ceil(better.length / COSTS_MAX),
    told = better.filter((_, i) => (better.length - 1 - i) % every === 0);
  return h(
    "details",
    { class: "cost" },
    h("summary", {}, "What it cost to get there"),
    h(
      "div",
      { class: "scroll" },
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            [run.meta.metric, "member", "after", `${run.meta.unit}s in all`, hours].map((text) =>
              h("th", { scope: "col" }, text),
            ),
          ),
        ),
        h(
          "tbody",
          {},
          told.map((i) =>
            h(
              "tr",
              {},
              h("td", {}, format(p.best[i])),
              h("td", {}, memberLink(p.best_member[i])),
              h("td", {}, clock(p.time[i])),
              h("td", {}, format(p.spent[i])),
              h("td", {}, format(p[key][i] / 3600)),
            ),
          ),
        ),
      ),
    ),
  );
}

/** The span of values without the worst tenth. */
export function robust(run, ys) {
  const [low, high] = metricExtent(run, ys),
    pad = (high - low) * 0.06;
  return [low - pad, high + pad];
}

const CURVES_MAX = 4000;

/** Members with a result inside the brushes, worst first: all, or evenly by rank if there are too many to
 * tell apart. */
export function drawnMembers(run, most) {
  const inside = state.mask === null ? run.order : run.order.filter((m) => shown(m)),
    every = Math.max(1, Math.ceil(inside.length / most));
  return Array.from(every === 1 ? inside : inside.filter((_, i) => i % every === 0)).reverse();
}

/** Curves of all members, or of the best lineages from scratch on. */
export function curvesChart(run) {
  let mode = run.meta.births ? "lineages" : "members",
    screen = [];
  const e = run.col,
    [low, high] = robust(run, e["e.value"]);
  const xs = extent(e["e.resource"]);
  const frame = new Frame(
    (f) => {
      if (!e["e.member"].length) {
        f.word("No learning curve yet.", f.left, (f.top + f.bottom) / 2, theme().soft);
        return;
      }
      const x = scale(
        xs[1] / Math.max(1, xs[0]) > 60 && mode === "members" && !run.meta.births ? "log" : "linear",
        Math.max(xs[0], mode === "members" && !run.meta.births ? 1 : 0),
        xs[1],
        f.left,
        f.right,
      );
      const y = scale("linear", low, high, f.bottom, f.top),
        colors = memberColors(run);
      f.yAxis(y, run.meta.metric);
      f.xAxis(x, `${run.meta.unit}s of training`);
      screen = [];
      f.clip(() => {
        const members = drawnMembers(run, CURVES_MAX),
          faint = Math.max(0.08, Math.min(0.8, 8 / Math.sqrt(members.length)));
        for (const m of members) {
          if (run.curveOf[m] === run.curveOf[m + 1]) continue;
          const points = [];
          if (inherits(run, m)) joint(run, m, x, y, points);
          for (let row = run.curveOf[m]; row < run.curveOf[m + 1]; row++)
            points.push([x(e["e.resource"][row]), y(e["e.value"][row])]);
          if (points.length === 1) f.dot(points[0][0], points[0][1], 2, colors(m));
          else f.path(points, colors(m), 1, mode === "lineages" ? faint * 0.5 : faint);
          screen.push([m, points]);
        }
        if (mode === "lineages")
          for (const lineage of [...run.schedules].reverse())
            if (shown(lineage.member)) drawLineage(f, run, x, y, lineage.member, colors(lineage.member), 2);
        if (run.winner >= 0) {
          drawLineage(f, run, x, y, run.winner, theme().win, 3);
          screen.push([run.winner, lineageCurve(run, run.winner).map(([a, b]) => [x(a), y(b)])]);
        }
        if (state.selected >= 0 && state.selected !== run.winner) {
          drawLineage(f, run, x, y, state.selected, theme().ink, 3);
        }
      });
      if (run.winner >= 0)
        legend(f, run.meta.maximize ? f.bottom - 10 : f.top + 8, [
          [theme().win, `best: #${run.winner}`],
          ...(state.selected >= 0 && state.selected !== run.winner
            ? [[theme().ink, `selected: #${state.selected}`]]
            : []),
        ]);
    },
    {
      height: 340,
      keys: rankKeys,
      label: "Learning curves of the members; arrow keys go through them by rank",
      pick: (px, py) => nearest(run, screen, px, py),
    },
  );
  const modes = run.meta.births
    ? [
        ["lineages", "Lineages"],
        ["members", "Members"],
      ]
    : [["members", "Members"]];
  return h(
    "div",
    {},
    h(
      "div",
      { class: "controls" },
      modes.length > 1
        ? choice("Curves of", modes, mode, (value) => {
            mode = value;
          })
        : null,
      colorChooser(run),
    ),
    frame.element,
  );
}

/** A child's curve begins where its parent's was at the birth. */
function joint(run, member, x, y, points) {
  const parent = run.col.parent[member],
    at = run.col.start[member];
  for (let row = run.curveOf[parent]; row < run.curveOf[parent + 1]; row++)
    if (run.col["e.resource"][row] === at) {
      points.push([x(at), y(run.col["e.value"][row])]);
      return;
    }
}

function drawLineage(f, run, x, y, member, color, width) {
  const curve = lineageCurve(run, member),
    points = curve.map(([at, value]) => [x(at), y(value)]);
  f.path(points, theme().back, width + 2.5, 0.8);
  f.path(points, color, width);
  curve.forEach(([, , who], i) => {
    if (i && curve[i - 1][2] !== who) f.dot(points[i - 1][0], points[i - 1][1], 3, theme().back, color);
  });
  if (points.length) f.dot(...points[points.length - 1], 4, color, theme().back);
}

/** Where curves seldom are: on the right, at the side of the worse values. */
function legend(f, y, entries) {
  let x = f.right - 6;
  for (const [color, text] of entries) {
    f.word(text, x, y, theme().ink, "right");
    x -= f.c.measureText(text).width + 6;
    f.path(
      [
        [x - 18, y],
        [x, y],
      ],
      color,
      3,
    );
    x -= 32;
  }
}

/** The curve whose corner is nearest, within 12 pixels. */
export function nearest(run, screen, px, py) {
  let found = null,
    least = 144;
  for (const [member, points] of screen)
    for (const [x, y] of points) {
      const d = (x - px) ** 2 + (y - py) ** 2;
      if (d < least) {
        least = d;
        found = member;
      }
    }
  return found === null ? null : { member: found, lines: memberLines(run, found) };
}
