// Was the hardware busy: a line of leases for each worker, and shares of their time.

import { clock, format, OUTCOMES, percent, SOURCES, units } from "./data.js";
import { Frame, rankKeys } from "./frame.js";
import { memberColors, scale } from "./scales.js";
import { h, shown, state } from "./state.js";
import { theme } from "./theme.js";
import { zoomable } from "./tree.js";

const LEASES_DRAWN_MAX = 60000;

export function ganttChart(run) {
  const l = run.col,
    n = l["l.worker"].length;
  const slots = [...new Set(l["l.worker"])].sort((a, b) => a - b),
    row = new Map(slots.map((w, i) => [w, i]));
  if (!n) return h("p", { class: "empty" }, "No training was given out yet.");
  const height = Math.max(4, Math.min(24, 420 / slots.length)),
    view = { x0: 0, x1: 1, y0: 0, y1: 1 };
  let x = null;
  const frame = new Frame(
    (f) => {
      const t = theme(),
        end = Math.max(run.meta.seconds, 1e-3);
      x = scale("time", view.x0 * end, view.x1 * end, f.left, f.right);
      f.xAxis(x, "time of the search", clock);
      f.c.fillStyle = t.soft;
      f.c.textAlign = "right";
      f.c.textBaseline = "middle";
      const every = Math.ceil(13 / height);
      slots.forEach((w, i) => {
        if (i % every === 0) f.c.fillText(`${w}`, f.left - 6, f.top + (i + 0.5) * height);
      });
      const colors = memberColors(run),
        step = Math.max(1, Math.ceil(n / LEASES_DRAWN_MAX));
      f.clip((ctx) => {
        ctx.fillStyle = t.line;
        ctx.globalAlpha = 0.5;
        for (let i = 0; i < slots.length; i++)
          ctx.fillRect(f.left, f.top + i * height + 1, f.right - f.left, Math.max(1, height - 2));
        ctx.globalAlpha = 1;
        for (let i = 0; i < n; i += step) {
          const a = x(l["l.start"][i]),
            b = x(l["l.end"][i]);
          if (b < f.left || a > f.right) continue;
          const y = f.top + row.get(l["l.worker"][i]) * height + 1,
            outcome = l["l.outcome"][i],
            m = l["l.member"][i];
          const trained = outcome === 0 ? b : x(Math.min(l["l.end"][i], l["l.start"][i] + l["l.training"][i]));
          ctx.globalAlpha = shown(m) ? 1 : 0.2;
          if (outcome >= 3) {
            // hollow, so that it is told by its shape too
            ctx.strokeStyle = t.bad;
            ctx.lineWidth = 1.5;
            ctx.strokeRect(a + 0.75, y + 0.75, Math.max(1, b - a - 1.5), Math.max(1, height - 3.5));
          } else {
            ctx.fillStyle = m === state.selected ? t.ink : run.winnerPath.has(m) ? t.win : colors(m);
            ctx.fillRect(a, y, Math.max(0.7, trained - a - (b - a > 4 ? 0.7 : 0)), Math.max(1, height - 2));
          }
          f.marks++;
        }
        ctx.globalAlpha = 1;
      });
    },
    {
      height: slots.length * height + 54,
      margin: { left: 34, right: 14, top: 6 },
      label: "Leases of each worker over time",
      keys: rankKeys,
      pick: (px, py, f) => {
        const worker = slots[Math.floor((py - f.top) / height)];
        if (worker === undefined || !x) return null;
        for (let i = 0; i < n; i++) {
          if (l["l.worker"][i] !== worker || px < x(l["l.start"][i]) || px > x(l["l.end"][i])) continue;
          const m = l["l.member"][i],
            c = run.col;
          return {
            member: m,
            lines: [
              `worker ${worker}: member ${m}, ${l["l.from"][i]} to ${units(run, l["l.to"][i])}`,
              `${clock(l["l.end"][i] - l["l.start"][i])}, of which ${clock(l["l.training"][i])} training`,
              `${SOURCES[l["l.source"][i]]}; ${OUTCOMES[l["l.outcome"][i]]}; best ${format(c.best[m])}`,
            ],
          };
        }
        return null;
      },
    },
  );
  zoomable(frame, view);
  return frame.element;
}

export function utilizationTable(run) {
  const u = run.utilization,
    sum = (name) => u[name].reduce((a, b) => a + b, 0),
    present = sum("present") || 1;
  const parts = [
    ["training", "bar3"],
    ["exchange", "bar2"],
    ["lost", "bad"],
    ["waiting", "bar1"],
  ];
  const line = (head, part, total) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, head),
      h(
        "td",
        { class: "stack" },
        parts.map(([name, kind]) =>
          h("span", {
            class: kind,
            style: { width: `${100 * Math.min(1, part(name) / (total || 1))}%` },
            title: `${name} ${percent(part(name) / (total || 1))}`,
          }),
        ),
      ),
      ...parts.map(([name]) => h("td", {}, percent(part(name) / (total || 1)))),
    );
  const rows =
    u.worker.length > 1
      ? u.worker.slice(0, 64).map((worker, i) => line(`worker ${worker}`, (name) => u[name][i], u.present[i]))
      : [];
  return h(
    "div",
    { class: "scroll" },
    h(
      "table",
      { class: "utilization" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ["", "", "training", "exchange", "lost", "waiting"].map((text) => h("th", { scope: "col" }, text)),
        ),
      ),
      h("tbody", {}, line("all", sum, present), rows),
    ),
    h(
      "p",
      { class: "note" },
      "Exchange: the rest of a lease, for transfer of snapshots, checkpoints and messages. " +
        "Lost: leases that gave no report.",
    ),
  );
}
