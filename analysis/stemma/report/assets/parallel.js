// Parallel coordinates with brushes: what is brushed here is shown everywhere.

import { drawnMembers } from "./curves.js";
import { format } from "./data.js";
import { colorChooser, Frame } from "./frame.js";
import { extent, memberColors, metricExtent, scale } from "./scales.js";
import { brush, changed, h, state } from "./state.js";
import { theme } from "./theme.js";

const LINES_MAX = 4000; // drawn; beyond that evenly by rank

export function parallelChart(run) {
  const axes = [
    ...run.parameters.map((p, i) => ({ name: p.name, values: run.col[`p${i}`], parameter: p, brush: null })),
    { name: run.meta.metric, values: run.col.best, parameter: null, brush: null },
  ];
  for (const axis of axes) prepare(axis, run);
  let current = axes.length - 1,
    drag = null;
  const note = h("span", { class: "control", role: "status" });
  const frame = new Frame(
    (f) => {
      const t = theme(),
        colors = memberColors(run),
        xs = axes.map((_, i) => f.left + (axes.length > 1 ? (i * (f.right - f.left)) / (axes.length - 1) : 0));
      axes.forEach((axis, i) => {
        axis.x = xs[i];
        axis.y = axis.choices
          ? (v) => f.bottom - ((v + 0.5) * (f.bottom - f.top)) / axis.choices
          : scale(axis.scale, axis.low, axis.high, axis.down ? f.top : f.bottom, axis.down ? f.bottom : f.top);
      });
      const alpha = (count) => Math.max(0.05, Math.min(0.8, 9 / Math.sqrt(count + 1)));
      if (state.mask !== null) for (const m of evenly(run.order, LINES_MAX / 4)) polyline(f, axes, m, t.line, 0.5, 1);
      const lines = drawnMembers(run, LINES_MAX);
      for (const m of lines) polyline(f, axes, m, colors(m), alpha(lines.length), 1);
      if (run.winner >= 0) highlight(f, axes, run.winner, t.win);
      if (state.selected >= 0) highlight(f, axes, state.selected, t.ink);
      axes.forEach((axis, i) => {
        drawAxis(f, axis, i === current && document.activeElement === frame.canvas, i, axes.length);
      });
      const count = state.mask === null ? run.order.length : run.order.reduce((sum, m) => sum + state.mask[m], 0);
      note.textContent =
        state.mask === null ? "Drag along an axis to choose a range" : `${count} of ${run.order.length} members chosen`;
    },
    {
      height: 320,
      margin: { left: 48, right: 48, top: 36, bottom: 14 },
      label: "Parallel coordinates; left and right choose an axis, up and down move its range, Escape clears",
      keys: (event) => axisKeys(event),
    },
  );

  function apply() {
    const brushed = axes.filter((axis) => axis.brush);
    if (!brushed.length) {
      brush(null);
      return;
    }
    const mask = new Uint8Array(run.n);
    for (let m = 0; m < run.n; m++)
      mask[m] = brushed.every((axis) => {
        const p = axis.y(axis.values[m]);
        return p >= axis.brush[0] && p <= axis.brush[1];
      })
        ? 1
        : 0;
    brush(mask);
  }
  function axisKeys(event) {
    const axis = axes[current],
      step = (frame.bottom - frame.top) / 20;
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      current = Math.max(0, Math.min(axes.length - 1, current + (event.key === "ArrowRight" ? 1 : -1)));
      changed();
      return true;
    }
    if (event.key === "Escape") {
      clear();
      return true;
    }
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return false;
    const by = event.key === "ArrowUp" ? -step : step,
      b = axis.brush ?? [frame.top, frame.bottom];
    axis.brush = event.shiftKey
      ? [b[0], Math.min(frame.bottom, Math.max(b[0] + step, b[1] + by))]
      : [Math.max(frame.top, Math.min(b[1] - step, b[0] + by)), b[1]];
    apply();
    return true;
  }
  function clear() {
    for (const axis of axes) axis.brush = null;
    apply();
  }
  const place = (event) => {
    const box = frame.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  frame.canvas.style.touchAction = "pan-y";
  frame.canvas.addEventListener("pointerdown", (event) => {
    const [x, y] = place(event);
    current = axes.reduce((best, axis, i) => (Math.abs(axis.x - x) < Math.abs(axes[best].x - x) ? i : best), 0);
    if (Math.abs(axes[current].x - x) > 24) return;
    drag = { axis: axes[current], from: y };
    frame.canvas.setPointerCapture(event.pointerId);
  });
  frame.canvas.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const y = place(event)[1];
    drag.axis.brush = Math.abs(y - drag.from) < 4 ? null : [Math.min(y, drag.from), Math.max(y, drag.from)];
    changed();
  });
  frame.canvas.addEventListener("pointerup", (event) => {
    if (!drag) return;
    if (Math.abs(place(event)[1] - drag.from) < 4) drag.axis.brush = null;
    drag = null;
    apply();
  });
  return h(
    "div",
    {},
    h(
      "div",
      { class: "controls" },
      colorChooser(run),
      h("span", { class: "control choice" }, h("button", { type: "button", onclick: clear }, "Clear ranges")),
      note,
    ),
    frame.element,
  );
}

function prepare(axis, run) {
  const p = axis.parameter;
  if (p?.choices.length) {
    axis.choices = p.choices.length;
    return;
  }
  [axis.low, axis.high] = p
    ? Number.isFinite(p.low) && Number.isFinite(p.high)
      ? [p.low, p.high]
      : extent(axis.values)
    : metricExtent(run);
  axis.scale = p ? p.scale : "linear";
  axis.down = !p && !run.meta.maximize; // the better end is up
}

export const evenly = (list, most) => {
  const every = Math.max(1, Math.ceil(list.length / most));
  return list.filter((_, i) => i % every === 0);
};

function polyline(f, axes, m, color, alpha, width) {
  const points = [];
  for (const axis of axes) {
    const v = axis.values[m],
      y = Number.isFinite(v) ? axis.y(v) : NaN;
    points.push([axis.x, Math.max(f.top - 3, Math.min(f.bottom + 3, y))]);
  }
  f.path(points, color, width, alpha);
}

function highlight(f, axes, m, color) {
  polyline(f, axes, m, theme().back, 0.85, 6);
  polyline(f, axes, m, color, 1, 3);
}

function drawAxis(f, axis, focused, i, count) {
  const { c } = f,
    t = theme();
  c.strokeStyle = focused ? t.ink : t.soft;
  c.lineWidth = focused ? 2 : 1;
  c.beginPath();
  c.moveTo(axis.x, f.top);
  c.lineTo(axis.x, f.bottom);
  c.stroke();
  const align = i === 0 ? "left" : i === count - 1 ? "right" : "center",
    room = (f.right - f.left) / Math.max(1, count - 1) - 8;
  let name = axis.name;
  while (c.measureText(name).width > Math.max(40, room) && name.length > 3) name = `${name.slice(0, -2)}…`;
  f.word(
    name,
    align === "left" ? 4 : align === "right" ? f.width - 4 : axis.x,
    12 + (room < 70 && i % 2 ? 12 : 0),
    t.ink,
    align,
  );
  const ticks = axis.choices ? axis.parameter.choices.map((_, k) => k) : axis.y.ticks(5);
  for (const tick of ticks)
    tag(
      f,
      axis.choices ? axis.parameter.choices[tick] : format(tick),
      axis.x + (i === 0 ? -6 : 6),
      axis.y(tick),
      i === 0 ? "right" : "left",
    );
  if (axis.brush) {
    c.fillStyle = t.accent;
    c.globalAlpha = 0.25;
    c.fillRect(axis.x - 8, axis.brush[0], 16, axis.brush[1] - axis.brush[0]);
    c.globalAlpha = 1;
    c.strokeStyle = t.accent;
    c.strokeRect(axis.x - 8, axis.brush[0], 16, axis.brush[1] - axis.brush[0]);
  }
}

/** A tick's text on a plate, because lines run below it. */
export function tag(f, text, x, y, align) {
  const { c } = f,
    t = theme(),
    shortened = text.length > 12 ? `${text.slice(0, 11)}…` : text,
    w = c.measureText(shortened).width;
  c.fillStyle = t.back;
  c.globalAlpha = 0.82;
  c.fillRect(align === "right" ? x - w - 2 : x - 2, y - 7, w + 4, 14);
  c.globalAlpha = 1;
  c.fillStyle = t.ink;
  c.textAlign = align;
  c.textBaseline = "middle";
  c.fillText(shortened, x, y);
}
