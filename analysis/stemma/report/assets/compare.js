// Several runs, by label: repeats with other seeds are one band.

import { choices, robust, ways } from "./curves.js";
import { format } from "./data.js";
import { choice, Frame } from "./frame.js";
import { extent, HUES, scale } from "./scales.js";
import { h } from "./state.js";

export function comparisonChart(run) {
  const told = run.comparison;
  if (told.error) return h("p", { class: "empty" }, told.error);
  let along = "spent";
  const labels = Object.keys(told.curves.spent);
  const frame = new Frame(
    (f) => {
      const curves = told.curves[along],
        all = Object.values(curves),
        way = ways(run)[along];
      const xs = extent(all.flatMap((curve) => curve.x)),
        [low, high] = robust(
          run,
          all.flatMap((curve) => [...curve.low, ...curve.high]),
        );
      const x = scale(way.kind, 0, xs[1], f.left, f.right),
        y = scale("linear", low, high, f.bottom, f.top);
      f.yAxis(y, `best ${run.meta.metric}`);
      f.xAxis(x, way.title, way.text);
      f.clip((ctx) =>
        labels.forEach((label, i) => {
          const curve = curves[label];
          ctx.fillStyle = HUES[i % HUES.length];
          ctx.globalAlpha = 0.2;
          ctx.beginPath();
          curve.x.forEach((at, k) => {
            ctx[k ? "lineTo" : "moveTo"](x(at), y(curve.high[k]));
          });
          for (let k = curve.x.length - 1; k >= 0; k--) ctx.lineTo(x(curve.x[k]), y(curve.low[k]));
          ctx.fill();
          ctx.globalAlpha = 1;
          f.path(
            curve.x.map((at, k) => [x(at), y(curve.median[k])]),
            HUES[i % HUES.length],
            2.5,
          );
        }),
      );
    },
    { height: 300, label: "Best so far of all runs" },
  );
  const interval = (row) => (row.low === null ? "one run" : `${format(row.low)} … ${format(row.high)}`);
  return h(
    "div",
    {},
    h(
      "div",
      { class: "controls" },
      choice("At equal", choices(ways(run)), along, (value) => {
        along = value;
      }),
    ),
    frame.element,
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
            ["", "runs", `mean best ${run.meta.metric}`, "95 % interval (bootstrap)"].map((text) =>
              h("th", { scope: "col" }, text),
            ),
          ),
        ),
        h(
          "tbody",
          {},
          told.intervals.map((row, i) =>
            h(
              "tr",
              {},
              h(
                "th",
                { scope: "row" },
                h("i", { class: "swatch", style: { background: HUES[i % HUES.length] } }),
                ` ${row.label}`,
              ),
              h("td", {}, String(row.runs)),
              h("td", {}, format(row.mean)),
              h("td", {}, interval(row)),
            ),
          ),
        ),
      ),
    ),
    h(
      "p",
      { class: "note" },
      `Line: median over the runs of a label; band: quartiles. Files: ${told.table.map((row) => row.file).join(", ")}.`,
    ),
  );
}
