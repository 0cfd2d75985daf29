// The population as a whole: schedules of the best lineages, and which founders' descendants there were.

import { clock, format, percent } from "./data.js";
import { Frame } from "./frame.js";
import { extent, HUES, scale } from "./scales.js";
import { h, memberLink } from "./state.js";
import { theme } from "./theme.js";

/** One small chart a hyperparameter: its value along the training of the best lineages. */
export function schedulesChart(run) {
  const charts = run.parameters
    .map((parameter, i) => {
      const values = run.schedules.flatMap(
        (lineage) => lineage.moved[i]?.map(([, value]) => value) ?? lineage.stages.map((stage) => stage.values[i]),
      );
      const changes = run.schedules.some(
        (lineage) => lineage.moved[i] || new Set(lineage.stages.map((stage) => String(stage.values[i]))).size > 1,
      );
      return { parameter, i, values, changes };
    })
    .filter((chart) => chart.values.some((v) => v !== null));
  const end = Math.max(1, ...run.schedules.flatMap((lineage) => lineage.stages.map((stage) => stage.to)));
  const grid = h("div", { class: "grid" });
  for (const { parameter, i, values } of charts.sort((a, b) => b.changes - a.changes)) {
    const frame = new Frame(
      (f) => {
        const t = theme(),
          n = parameter.choices.length,
          known = extent(values),
          pad =
            parameter.scale === "log"
              ? [known[0] / 1.3, known[1] * 1.3]
              : [known[0] - 0.08 * (known[1] - known[0]), known[1] + 0.08 * (known[1] - known[0])];
        const x = scale("linear", 0, end, f.left, f.right);
        const y = n
          ? Object.assign((v) => f.bottom - ((v + 0.5) * (f.bottom - f.top)) / n, {
              ticks: () => parameter.choices.map((_, k) => k),
            })
          : scale(parameter.scale, pad[0], pad[1], f.bottom, f.top);
        f.yAxis(y, "", (v) => (n ? String(parameter.choices[v]).slice(0, 8) : format(v)));
        f.xAxis(x, `${run.meta.unit}s`);
        [...run.schedules].reverse().forEach((lineage, back) => {
          const first = back === run.schedules.length - 1,
            points = [];
          if (lineage.moved[i]) for (const [at, value] of lineage.moved[i]) points.push([x(at), y(value)]);
          else
            for (const stage of lineage.stages) {
              const v = stage.values[i] === null ? NaN : y(stage.values[i]);
              points.push([x(stage.start), v], [x(stage.to), v]);
            }
          f.path(points, first ? t.win : t.soft, first ? 2.5 : 1, first ? 1 : 0.55);
        });
      },
      {
        height: 150,
        margin: { left: 56, right: 8, top: 8, bottom: 34 },
        label: `Schedule of ${parameter.name} along the best lineages`,
      },
    );
    grid.append(h("figure", {}, h("figcaption", {}, parameter.name), frame.element));
  }
  return grid;
}

/** Muller plot: share of the reports in each span of time that the descendants of each founder made. */
export function mullerChart(run) {
  const SPANS = 120,
    KINDS = 6,
    { col } = run;
  const counts = new Map();
  for (const m of col["r.member"]) counts.set(col.founder[m], (counts.get(col.founder[m]) ?? 0) + 1);
  const top = [...counts.entries()]
    .sort((a, b) => b[1] - a[1])
    .slice(0, KINDS)
    .map(([founder]) => founder)
    .sort((a, b) => a - b);
  if (run.winner >= 0 && !top.includes(col.founder[run.winner])) top[top.length - 1] = col.founder[run.winner];
  const place = new Map(top.map((founder, i) => [founder, i])),
    end = Math.max(run.meta.seconds, 1e-3);
  const share = Array.from({ length: SPANS }, () => new Float64Array(KINDS + 1));
  for (let i = 0; i < col["r.member"].length; i++) {
    const center = Math.min(SPANS - 1, Math.floor((col["r.time"][i] / end) * SPANS)),
      kind = place.get(col.founder[col["r.member"][i]]) ?? KINDS;
    for (let d = -4; d <= 4; d++) if (share[center + d]) share[center + d][kind] += 1 - Math.abs(d) / 5;
  }
  const frame = new Frame(
    (f) => {
      const x = scale("time", 0, end, f.left, f.right),
        y = scale("linear", 0, 1, f.bottom, f.top),
        t = theme();
      f.yAxis(y, "share of reports", percent);
      f.xAxis(x, "time of the search", clock);
      const sums = share.map((s) => s.reduce((a, b) => a + b, 0));
      const base = new Float64Array(SPANS);
      for (let kind = 0; kind <= KINDS; kind++) {
        const up = base.map((b, i) => (sums[i] ? b + share[i][kind] / sums[i] : b));
        const mid = (i) => x(((i + 0.5) * end) / SPANS);
        f.c.fillStyle = kind === KINDS ? t.line : HUES[kind];
        f.c.globalAlpha = 0.85;
        f.c.beginPath();
        up.forEach((v, i) => {
          f.c[i ? "lineTo" : "moveTo"](mid(i), y(v));
        });
        for (let i = SPANS - 1; i >= 0; i--) f.c.lineTo(mid(i), y(base[i]));
        f.c.fill();
        f.c.globalAlpha = 1;
        f.c.strokeStyle = t.back;
        f.c.lineWidth = 1;
        f.c.stroke();
        f.marks++;
        const widest = up.reduce(
          (best, v, i) => (v - base[i] > up[best] - base[best] ? i : best),
          Math.floor(SPANS / 2),
        );
        if (kind < KINDS && top[kind] !== undefined && up[widest] - base[widest] > 0.12)
          f.word(
            `#${top[kind]}`,
            Math.max(f.left + 22, Math.min(f.right - 22, mid(widest))),
            y((up[widest] + base[widest]) / 2),
            t.ink,
            "center",
          );
        up.forEach((v, i) => {
          base[i] = v;
        });
      }
    },
    { height: 220, label: "Share of each founder's descendants over time" },
  );
  const key = h(
    "p",
    { class: "key" },
    top.map((founder, i) => h("span", {}, h("i", { style: { background: HUES[i] } }), " ", memberLink(founder), " ")),
    h("i", { style: { background: "var(--line)" } }),
    " others",
  );
  return h("div", {}, frame.element, key);
}
