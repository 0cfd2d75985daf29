// Rungs, importance, and the metric against each hyperparameter.

import { nearest, robust } from "./curves.js";
import { clock, format, percent, units } from "./data.js";
import { Frame } from "./frame.js";
import { extent, jitter, memberColors, scale } from "./scales.js";
import { h, shown, state } from "./state.js";
import { theme } from "./theme.js";

/** Members that reached each level of training, and how many went on. */
export function rungsChart(run) {
  const r = run.rungs,
    n = r.level.length;
  if (n > 40) {
    // a level an epoch: as curves
    const frame = new Frame(
      (f) => {
        const x = scale("linear", r.level[0], r.level[n - 1], f.left, f.right),
          y = scale("linear", 0, Math.max(1, ...r.entered), f.bottom, f.top);
        f.yAxis(y, "members");
        f.xAxis(x, `${run.meta.unit}s of training`);
        for (const [name, color] of [
          ["entered", theme().soft],
          ["reported", theme().second],
          ["went_on", theme().accent],
        ])
          f.path(
            r.level.map((level, i) => [x(level), y(r[name][i])]),
            color,
            2,
          );
      },
      { height: 240, label: "Members by level of training" },
    );
    return h(
      "div",
      {},
      frame.element,
      h(
        "p",
        { class: "key" },
        [
          ["--soft", "entered"],
          ["--second", "reported"],
          ["--accent", "went on"],
        ].map(([name, text]) => h("span", {}, h("i", { style: { background: `var(${name})` } }), ` ${text} `)),
      ),
    );
  }
  const most = Math.max(1, ...r.entered),
    rows = r.level.map((level, i) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, units(run, level)),
        h(
          "td",
          { class: "bars" },
          h("span", { class: "bar1", style: { width: `${(100 * r.entered[i]) / most}%` } }),
          h("span", { class: "bar2", style: { width: `${(100 * r.reported[i]) / most}%` } }),
          h("span", { class: "bar3", style: { width: `${(100 * r.went_on[i]) / most}%` } }),
        ),
        ...[r.entered[i], r.reported[i], r.went_on[i], r.failed[i]].map((v) => h("td", {}, String(v))),
        h("td", {}, format(r.best[i])),
        h("td", {}, clock(r.first[i])),
      ),
    );
  return h(
    "div",
    { class: "scroll" },
    h(
      "table",
      { class: "rungs" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ["trained to", "", "entered", "reported", "went on", "failed", `best ${run.meta.metric}`, "first after"].map(
            (text) => h("th", { scope: "col" }, text),
          ),
        ),
      ),
      h("tbody", {}, rows),
    ),
    h(
      "p",
      { class: "key" },
      h("i", { class: "bar1" }),
      " entered ",
      h("i", { class: "bar2" }),
      " reported ",
      h("i", { class: "bar3" }),
      " went on, itself or in a child",
    ),
  );
}

export function importanceChart(run) {
  if (!run.importance.length)
    return h("p", { class: "empty" }, "Too few members have reported to tell (10 are needed).");
  const most = Math.max(...run.importance.map((row) => row.importance), 1e-9);
  return h(
    "div",
    {},
    h(
      "table",
      { class: "importance" },
      h(
        "tbody",
        {},
        run.importance.map((row) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, row.parameter),
            h(
              "td",
              { class: "bars" },
              h("span", { class: "bar2", style: { width: `${(100 * row.importance) / most}%` } }),
            ),
            h("td", {}, percent(row.importance)),
          ),
        ),
      ),
    ),
    h("p", { class: "note" }, `By ${run.importance[0].method}.`),
  );
}

/** Small charts of the metric against one hyperparameter each, most important first. */
export function slicesChart(run) {
  const order = run.importance.map((row) => row.parameter),
    grid = h("div", { class: "grid" });
  const [low, high] = robust(run, run.col.best);
  const sorted = run.parameters
    .map((parameter, i) => ({ parameter, i }))
    .sort((a, b) => (order.indexOf(a.parameter.name) + 1 || 99) - (order.indexOf(b.parameter.name) + 1 || 99))
    .slice(0, 12);
  for (const { parameter, i } of sorted) {
    const values = run.col[`p${i}`],
      n = parameter.choices.length;
    let screen = [];
    const frame = new Frame(
      (f) => {
        const [a, b] =
          Number.isFinite(parameter.low) && Number.isFinite(parameter.high)
            ? [parameter.low, parameter.high]
            : extent(values);
        const x = n
          ? Object.assign((v) => f.left + ((v + 0.5) * (f.right - f.left)) / n, {
              ticks: () => parameter.choices.map((_, k) => k),
            })
          : scale(parameter.scale, a, b, f.left, f.right);
        const y = scale("linear", low, high, f.bottom, f.top),
          colors = memberColors(run);
        f.yAxis(y, "");
        f.xAxis(x, "", (v) => (n ? String(parameter.choices[v]) : format(v)));
        screen = [];
        f.clip(() => {
          const radius = run.n > 3000 ? 1.2 : run.n > 400 ? 2 : 3;
          const every = Math.max(1, Math.ceil(run.order.length / 8000));
          for (let k = run.order.length - 1; k >= 0; k--) {
            const m = run.order[k];
            if (!Number.isFinite(values[m]) || (k % every && k > 200)) continue;
            const px = x(n ? values[m] + jitter(m) : values[m]),
              py = Math.max(f.top, Math.min(f.bottom, y(run.col.best[m])));
            f.c.globalAlpha = shown(m) ? 0.85 : 0.08;
            f.dot(
              px,
              py,
              m === state.selected ? 5 : m === run.winner ? 5 : radius,
              m === state.selected ? theme().ink : m === run.winner ? theme().win : colors(m),
              m === state.selected || m === run.winner ? theme().back : null,
            );
            if (shown(m)) screen.push([m, [[px, py]]]);
          }
          f.c.globalAlpha = 1;
        });
      },
      {
        height: 170,
        margin: { left: 52, right: 10, top: 8, bottom: 24 },
        label: `${run.meta.metric} against ${parameter.name}`,
        pick: (px, py) => nearest(run, screen, px, py),
      },
    );
    grid.append(h("figure", {}, h("figcaption", {}, parameter.name), frame.element));
  }
  return grid;
}
