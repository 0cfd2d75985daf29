// One member: configuration, curve, ancestors, children, log lines, and commands.

import { robust } from "./curves.js";
import {
  CAUSES,
  childrenOf,
  clock,
  comparableHeld,
  format,
  lineageCurve,
  OUTCOMES,
  parameterText,
  pathTo,
  SOURCES,
  STATES,
  units,
} from "./data.js";
import { Frame } from "./frame.js";
import { scale } from "./scales.js";
import { h, memberLink, select, state } from "./state.js";
import { theme } from "./theme.js";

export function showDetail(member) {
  const panel = document.getElementById("detail"),
    run = state.run;
  if (member < 0) {
    panel.hidden = true;
    document.body.classList.remove("with-detail");
    return;
  }
  const c = run.col,
    path = pathTo(run, member),
    kids = Array.from(childrenOf(run, member));
  const close = h("button", { type: "button", class: "close", "aria-label": "Close", onclick: () => select(-1) }, "×");
  const fact = (name, ...value) => [h("dt", {}, name), h("dd", {}, ...value)];
  const leases = Array.from(run.leasesOf.list.subarray(run.leasesOf.begin[member], run.leasesOf.begin[member + 1]));
  panel.replaceChildren(
    close,
    h("h2", {}, `Member ${member}`),
    h(
      "dl",
      { class: "facts" },
      fact(
        run.meta.metric,
        `${format(c.best[member])} after ${units(run, c.at[member])}` +
          (run.rank[member] >= 0 ? `, rank ${run.rank[member] + 1} of ${run.order.length}` : ""),
      ),
      fact("state", `${STATES[c.state[member]]}, trained to ${units(run, c.reached[member])}`),
      fact("born", `${CAUSES[c.cause[member]] ?? "?"} after ${clock(c.born[member])}`),
      c.parent[member] >= 0 ? fact("parent", memberLink(c.parent[member])) : [],
      c.donor[member] >= 0 ? fact("hyperparameters of", memberLink(c.donor[member])) : [],
    ),
    h("h3", {}, "Configuration"),
    configuration(run, member),
    h("h3", {}, path.length > 1 ? "Learning curve of its lineage" : "Learning curve"),
    detailCurve(run, member),
    h("h3", {}, "Ancestors"),
    path.length > 1
      ? h(
          "p",
          { class: "trail" },
          path.slice(0, -1).flatMap((m, i) => [i ? " → " : "", memberLink(m)]),
        )
      : h("p", { class: "empty" }, "None: it is a founder."),
    h("h3", {}, `Children (${kids.length})`),
    kids.length
      ? h(
          "p",
          { class: "trail" },
          kids.slice(0, 60).flatMap((m) => [memberLink(m), " "]),
          kids.length > 60 ? "…" : null,
        )
      : h("p", { class: "empty" }, "None."),
    h("h3", {}, "Leases"),
    leaseTable(run, leases),
    logs(run, member),
    h("h3", {}, "Commands"),
    commands(run, member),
  );
  panel.hidden = false;
  document.body.classList.add("with-detail");
  if (panel.scrollTo) panel.scrollTo(0, 0);
}

/** What differs from the parent is marked. */
function configuration(run, member) {
  const parent = run.col.parent[member];
  return h(
    "dl",
    { class: "facts" },
    run.parameters.flatMap((p, i) => {
      const value = run.col[`p${i}`][member],
        before = parent >= 0 ? run.col[`p${i}`][parent] : value;
      const differs = !(value === before || (Number.isNaN(value) && Number.isNaN(before)));
      return [
        h("dt", {}, p.name),
        h(
          "dd",
          {},
          parameterText(p, value),
          differs ? h("span", { class: "was" }, ` was ${parameterText(p, before)}`) : null,
        ),
      ];
    }),
  );
}

function detailCurve(run, member) {
  const curve = lineageCurve(run, member);
  if (!curve.length)
    return h(
      "p",
      { class: "empty" },
      run.curveOf[run.n] ? "No rows of it in this page: it holds those of the best members." : "Nothing was reported.",
    );
  const [like] = comparableHeld(run),
    held = like ? lineageCurve(run, member, like.column) : [],
    box = h("div");
  const values = [...curve, ...held].map(([, v]) => v),
    [low, high] = robust(run, values);
  const frame = { canvas: h("canvas", { role: "img", "aria-label": `Learning curve of member ${member}` }) };
  box.append(frame.canvas);
  requestAnimationFrame(() => {
    const f = Object.assign(Object.create(Frame.prototype), frame, {
      element: box,
      height: 150,
      margin: { left: 54, right: 10, top: 8, bottom: 34 },
      draw: (self) => {
        const t = theme(),
          x = scale("linear", Math.min(curve[0][0], 0), curve[curve.length - 1][0], self.left, self.right),
          y = scale("linear", low, high, self.bottom, self.top);
        self.yAxis(y, "");
        self.xAxis(x, `${run.meta.unit}s`);
        self.clip(() => {
          self.path(
            held.map(([a, b]) => [x(a), y(b)]),
            t.soft,
            1.5,
          );
          self.path(
            curve.map(([a, b]) => [x(a), y(b)]),
            t.accent,
            2,
          );
          curve.forEach(([a, b, who], i) => {
            if (curve.length < 3 || (i && curve[i - 1][2] !== who)) self.dot(x(a), y(b), 3, t.back, t.accent);
          });
        });
      },
    });
    f.redraw();
  });
  return box;
}

function leaseTable(run, leases) {
  if (!leases.length) return h("p", { class: "empty" }, "None was given out.");
  const l = run.col;
  return h(
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
          ["after", "worker", `${run.meta.unit}s`, "took", "started", "ended"].map((text) =>
            h("th", { scope: "col" }, text),
          ),
        ),
      ),
      h(
        "tbody",
        {},
        leases
          .slice(-40)
          .map((i) =>
            h(
              "tr",
              {},
              h("td", {}, clock(l["l.start"][i])),
              h("td", {}, String(l["l.worker"][i])),
              h("td", {}, `${l["l.from"][i]}–${l["l.to"][i]}`),
              h("td", {}, clock(l["l.end"][i] - l["l.start"][i])),
              h("td", {}, SOURCES[l["l.source"][i]]),
              h("td", {}, OUTCOMES[l["l.outcome"][i]]),
            ),
          ),
      ),
    ),
  );
}

function logs(run, member) {
  const lines = run.logs[member];
  return lines?.length
    ? h(
        "details",
        { open: lines.length <= 12 },
        h("summary", {}, `Log lines (${lines.length})`),
        h("pre", {}, lines.join("\n")),
      )
    : h("div");
}

function commands(run, member) {
  const quoted = /^[\w./+-]+$/.test(run.meta.file) ? run.meta.file : `'${run.meta.file.replaceAll("'", "'\\''")}'`;
  const lines = [
    `stemma show ${quoted} ${member}`,
    `stemma schedule ${quoted} ${member} --toml    # its schedule, for a job that trains it again`,
    `stemma export ${quoted} ${member} --weights member-${member}.h5`,
  ];
  return h("pre", { class: "commands" }, lines.join("\n"));
}
