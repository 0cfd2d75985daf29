// A canvas with axes: sizes itself, keeps its resolution, tells how much it has drawn.

import { format } from "./data.js";
import { HUES, memberColors, rampColor } from "./scales.js";
import { changed, h, select, state, tip } from "./state.js";
import { theme } from "./theme.js";

const FONT = "12px system-ui, -apple-system, 'Segoe UI', sans-serif";

/** draw(frame) is called whenever something changed. options: height, label (for screen readers), margin. */
export class Frame {
  constructor(draw, options = {}) {
    this.draw = draw;
    this.height = options.height ?? 300;
    this.margin = { left: 58, right: 14, top: 12, bottom: 38, ...options.margin };
    this.canvas = h("canvas", { tabindex: options.keys ? "0" : null, role: "img", "aria-label": options.label ?? "" });
    this.element = h("div", { class: "frame" }, this.canvas);
    this.keys = options.keys;
    if (options.keys)
      this.canvas.addEventListener("keydown", (event) => {
        if (options.keys(event, this)) event.preventDefault();
      });
    if (options.pick) this.pickWith(options.pick, options.picked);
    this.seen = false;
    new ResizeObserver(() => this.refresh()).observe(this.element);
    new IntersectionObserver(
      ([entry]) => {
        this.seen = entry.isIntersecting;
        if (this.seen && this.stale) this.redraw();
      },
      { rootMargin: "200px" },
    ).observe(this.element);
    state.listeners.push(() => this.refresh());
  }

  /** Draws if it can be seen, and else when it comes into view: a brush over 10^5 members stays quick. */
  refresh() {
    this.stale = true;
    if (this.seen || document.documentElement.dataset.print) this.redraw();
  }

  /** pick(x, y) gives {member, lines} near the pointer, or null. */
  pickWith(pick, picked = (found) => found.member !== undefined && select(found.member)) {
    const at = (event) => {
      const box = this.canvas.getBoundingClientRect();
      return pick(event.clientX - box.left, event.clientY - box.top, this);
    };
    this.canvas.addEventListener("pointermove", (event) => {
      if (event.buttons) return;
      const found = at(event);
      this.canvas.style.cursor = found ? "pointer" : "";
      if (found) tip.show(found.lines, event.clientX, event.clientY);
      else tip.hide();
    });
    this.canvas.addEventListener("pointerleave", () => tip.hide());
    let down = [0, 0]; // where the pointer went down: a drag is no click
    this.canvas.addEventListener("pointerdown", (event) => {
      down = [event.clientX, event.clientY];
    });
    this.canvas.addEventListener("click", (event) => {
      if (Math.hypot(event.clientX - down[0], event.clientY - down[1]) > 5) return;
      const found = at(event);
      if (found) {
        picked(found);
        tip.hide();
      }
    });
  }

  redraw() {
    const width = this.element.clientWidth;
    if (!width || !state.run) return;
    this.stale = false;
    const ratio = Math.max(1, window.devicePixelRatio || 1),
      canvas = this.canvas;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(this.height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(this.height * ratio);
      canvas.style.height = `${this.height}px`;
    }
    this.width = width;
    this.left = this.margin.left;
    this.right = width - this.margin.right;
    this.top = this.margin.top;
    this.bottom = this.height - this.margin.bottom;
    this.c = canvas.getContext("2d");
    this.c.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.c.clearRect(0, 0, width, this.height);
    this.c.font = FONT;
    this.c.lineJoin = "round";
    this.marks = 0;
    this.draw(this);
    canvas.dataset.marks = this.marks;
  }

  xAxis(x, label, text = format) {
    const { c } = this,
      t = theme();
    c.strokeStyle = t.line;
    c.fillStyle = t.soft;
    c.lineWidth = 1;
    c.textAlign = "center";
    c.textBaseline = "top";
    let last = -Infinity;
    for (const tick of x.ticks(Math.max(2, (this.right - this.left) / 90))) {
      const p = Math.round(x(tick)) + 0.5;
      if (p < this.left - 1 || p > this.right + 1) continue;
      c.beginPath();
      c.moveTo(p, this.top);
      c.lineTo(p, this.bottom);
      c.stroke();
      const word = text(tick),
        w = c.measureText(word).width;
      if (p - w / 2 < last + 6) continue;
      const shift = p + w / 2 > this.width ? this.width - w / 2 - 1 : p;
      c.fillText(word, shift, this.bottom + 5);
      last = p + w / 2;
    }
    c.textAlign = "right";
    c.fillText(label, this.right, this.bottom + 21);
  }

  yAxis(y, label, text = format) {
    const { c } = this,
      t = theme();
    c.strokeStyle = t.line;
    c.fillStyle = t.soft;
    c.lineWidth = 1;
    c.textAlign = "right";
    c.textBaseline = "middle";
    for (const tick of y.ticks(Math.max(2, (this.bottom - this.top) / 36))) {
      const p = Math.round(y(tick)) + 0.5;
      if (p < this.top - 1 || p > this.bottom + 1) continue;
      c.beginPath();
      c.moveTo(this.left, p);
      c.lineTo(this.right, p);
      c.stroke();
      c.fillText(text(tick), this.left - 6, p);
    }
    if (label) {
      c.save();
      c.translate(11, this.top);
      c.rotate(-Math.PI / 2);
      c.textAlign = "right";
      c.textBaseline = "middle";
      c.fillText(label, 0, 0);
      c.restore();
    }
  }

  clip(body) {
    const { c } = this;
    c.save();
    c.beginPath();
    c.rect(this.left, this.top - 2, this.right - this.left, this.bottom - this.top + 4);
    c.clip();
    body(c);
    c.restore();
  }

  path(points, color, width = 1, alpha = 1) {
    const { c } = this;
    if (!points.length) return;
    c.strokeStyle = color;
    c.lineWidth = width;
    c.globalAlpha = alpha;
    c.beginPath();
    let pen = false;
    for (const [x, y] of points) {
      if (!Number.isFinite(x) || !Number.isFinite(y)) {
        pen = false;
        continue;
      }
      if (pen) c.lineTo(x, y);
      else c.moveTo(x, y);
      pen = true;
    }
    c.stroke();
    c.globalAlpha = 1;
    this.marks++;
  }

  dot(x, y, r, color, ring) {
    const { c } = this;
    c.fillStyle = color;
    c.beginPath();
    c.arc(x, y, r, 0, 2 * Math.PI);
    c.fill();
    if (ring) {
      c.strokeStyle = ring;
      c.lineWidth = 1.5;
      c.stroke();
    }
    this.marks++;
  }

  /** Words on the chart that stay readable over lines. */
  word(text, x, y, color, align = "left") {
    const { c } = this;
    c.textAlign = align;
    c.textBaseline = "middle";
    c.lineWidth = 3;
    c.strokeStyle = theme().back;
    c.strokeText(text, x, y);
    c.fillStyle = color;
    c.fillText(text, x, y);
  }
}

/** Explains colors: a bar for the ramp, or a swatch for each choice. */
function colorKey(run) {
  const colors = memberColors(run),
    element = h("span", { class: "key" });
  if (colors.choices) {
    colors.choices.forEach((text, i) => {
      element.append(h("i", { style: { background: HUES[i % HUES.length] } }), ` ${text} `);
    });
    return element;
  }
  const stops = Array.from({ length: 8 }, (_, i) => rampColor(colors.flip ? 1 - i / 7 : i / 7));
  element.append(
    format(colors.low),
    h("i", { class: "bar", style: { background: `linear-gradient(90deg, ${stops.join(",")})` } }),
    format(colors.high),
  );
  return element;
}

/** A chooser of what colors mean, with their key. */
export function colorChooser(run) {
  const key = h("span", {}, colorKey(run));
  const options = [
    h("option", { value: "-1" }, run.meta.metric),
    ...run.parameters.map((p, i) => h("option", { value: String(i) }, p.name)),
  ];
  const chooser = h(
    "select",
    {
      "aria-label": "Color",
      onchange: () => {
        state.color = Number(chooser.value);
        changed();
      },
    },
    options,
  );
  state.listeners.push(() => {
    chooser.value = String(state.color);
    key.replaceChildren(colorKey(state.run));
  });
  return h("label", { class: "control" }, "Color ", chooser, " ", key);
}

/** A row of choices of which one holds. */
export function choice(label, options, current, chosen) {
  const buttons = options.map(([value, text]) =>
    h(
      "button",
      {
        type: "button",
        "aria-pressed": String(value === current),
        onclick: (event) => {
          for (const other of event.target.parentNode.children)
            other.setAttribute("aria-pressed", String(other === event.target));
          chosen(value);
          changed();
        },
      },
      text,
    ),
  );
  return h("span", { class: "control choice", role: "group", "aria-label": label }, buttons);
}

/** Arrow keys that go through members in order of rank. */
export function rankKeys(event) {
  const run = state.run,
    step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (!step || !run.order.length) return false;
  const now = state.selected >= 0 ? run.rank[state.selected] : -1;
  select(run.order[Math.max(0, Math.min(run.order.length - 1, now + step))]);
  return true;
}
