// The genealogy as a tree: training or time to the right, a line for each member. Children branch off where they were
// born.

import { CAUSES, childrenOf, clock, format, pathTo } from "./data.js";
import { choice, colorChooser, Frame } from "./frame.js";
import { extent, memberColors, scale } from "./scales.js";
import { changed, h, memberLines, select, shown, state } from "./state.js";
import { theme } from "./theme.js";

const ROWS_MAX = 2500; // members in a readable tree; beyond that small families are collapsed

/** Rows of the tree: y[m] is a position, or NaN for members that are hidden. Leaves get one row each, in order of
 * the tree, so that families lie together; parents lie in the middle of their children. A parent that was trained
 * on after a birth goes on beside its children, and has a row of its own above them. Below members of `closed`
 * nothing is shown. */
function treeLayout(run, keep, closed) {
  const y = new Float32Array(run.n).fill(NaN),
    { begin, list } = run.children;
  let rows = 0;
  const low = new Float32Array(run.n),
    high = new Float32Array(run.n).fill(-1);
  const stack = [],
    own = outlives(run);
  const enter = (member) => {
    if (own[member] && !closed.has(member)) y[member] = rows++;
    stack.push([member, begin[closed.has(member) ? member + 1 : member]]);
  };
  for (let root = 0; root < run.n; root++) {
    if (run.col.parent[root] >= 0 || !keep(root)) continue;
    enter(root);
    while (stack.length) {
      const top = stack[stack.length - 1],
        [member] = top;
      let child = -1;
      while (top[1] < begin[member + 1] && child < 0) {
        const c = list[top[1]++];
        if (keep(c)) child = c;
      }
      if (child >= 0) {
        enter(child);
        continue;
      }
      stack.pop();
      if (Number.isNaN(y[member])) y[member] = high[member] < 0 ? rows++ : (low[member] + high[member]) / 2;
      if (!stack.length) continue;
      const parent = stack[stack.length - 1][0];
      if (high[parent] < 0) low[parent] = y[member];
      high[parent] = y[member];
    }
  }
  return { y, rows };
}

/** Members that were trained on after a child's birth. */
function outlives(run) {
  const own = new Uint8Array(run.n),
    { parent, start, reached } = run.col;
  for (let m = 0; m < run.n; m++) if (parent[m] >= 0 && reached[parent[m]] > start[m]) own[parent[m]] = 1;
  return own;
}

export function treeChart(run) {
  const c = run.col;
  const small = smallFamily(run),
    view = { along: "training", hide: run.n > ROWS_MAX, x0: 0, x1: 1, y0: 0, y1: 1, closed: new Set() };
  let layout = null,
    layoutFor = null,
    screen = null;
  const keep = (m) => !view.hide || c.descendants[m] >= small || run.winnerPath.has(m) || m === state.selected;
  const lastReport = lastTimes(run);
  const from = (m) => (view.along === "training" ? c.start[m] : c.born[m]);
  const to = (m) => (view.along === "training" ? c.reached[m] : Math.max(c.born[m], lastReport[m]));

  const frame = new Frame(
    (f) => {
      const wanted = `${view.hide}${view.hide ? state.selected : ""} ${[...view.closed].join()}`;
      if (layoutFor !== wanted) {
        layout = treeLayout(run, keep, view.closed);
        layoutFor = wanted;
      }
      const end = view.along === "training" ? Math.max(1, extent(c.reached)[1]) : Math.max(run.meta.seconds, 1e-3);
      const x = scale(view.along === "training" ? "linear" : "time", view.x0 * end, view.x1 * end, f.left, f.right);
      const rows = Math.max(1, layout.rows - 1),
        y = scale("linear", view.y0 * rows - 0.5, view.y1 * rows + 0.5, f.top, f.bottom);
      f.xAxis(
        x,
        view.along === "training" ? `${run.meta.unit}s of training` : "time of the search",
        view.along === "training" ? format : clock,
      );
      const spacing = Math.abs(y(1) - y(0)),
        colors = memberColors(run);
      screen = { x, y, spacing };
      f.clip((ctx) => {
        ctx.lineCap = "round";
        for (let m = 0; m < run.n; m++) {
          if (Number.isNaN(layout.y[m])) continue;
          branch(f, m, x, y, colors(m), widthOf(m, spacing), shown(m) ? (spacing < 0.6 ? 0.5 : 0.95) : 0.12);
        }
        // Of ancestors up to the birth only: later training is no part of the lineage.
        const trail = (path, color, extra) =>
          path.forEach((m, i) => {
            if (!Number.isNaN(layout.y[m]))
              branch(
                f,
                m,
                x,
                y,
                color,
                widthOf(m, spacing) + extra,
                1,
                i + 1 < path.length ? from(path[i + 1]) : to(m),
              );
          });
        trail([...run.winnerPath], theme().win, 1.2);
        if (state.selected >= 0) trail(pathTo(run, state.selected), theme().ink, 1.6);
      });
      for (const m of view.closed) {
        const yy = y(layout.y[m]),
          below = c.descendants[m] - 1;
        if (yy >= f.top && yy <= f.bottom) f.word(`+${below}`, Math.min(x(to(m)) + 6, f.right - 4), yy, theme().soft);
      }
      for (const [m, color] of [
        [run.winner, theme().win],
        [state.selected, theme().ink],
      ]) {
        const yy = m >= 0 ? y(layout.y[m]) : NaN,
          xx = m >= 0 ? x(to(m)) : NaN;
        if (!(yy >= f.top && yy <= f.bottom && xx >= f.left && xx <= f.right + 1)) continue;
        f.dot(xx, yy, 5, color, theme().back);
        if (m === run.winner) f.canvas.dataset.winner = `${Math.round(xx)} ${Math.round(yy)}`;
        f.word(`#${m}`, xx + 9, yy, color);
      }
    },
    {
      height: run.n > 400 ? 560 : Math.max(220, Math.min(520, 70 + 9 * run.n)),
      margin: { left: 12, right: 54 },
      keys: (event) => (event.key === " " ? fold(state.selected) : treeKeys(event)),
      label:
        "Genealogy; arrow keys go to parent, children and siblings, the space bar hides or shows what descends " +
        "from a member",
      pick: (px, py) => {
        if (!screen) return null;
        let found = -1,
          least = 10;
        for (let m = 0; m < run.n; m++) {
          const yy = layout.y[m];
          if (Number.isNaN(yy) || Math.abs(screen.y(yy) - py) >= least) continue;
          if (px < screen.x(from(m)) - 4 || px > screen.x(to(m)) + 8) continue;
          least = Math.abs(screen.y(yy) - py);
          found = m;
        }
        return found < 0
          ? null
          : {
              member: found,
              lines: [
                ...memberLines(run, found),
                `${CAUSES[c.cause[found]] ?? "born"}${c.parent[found] >= 0 ? ` from #${c.parent[found]}` : ""}, ` +
                  `${c.descendants[found] - 1} descendants${view.closed.has(found) ? " (hidden)" : ""}`,
              ],
            };
      },
    },
  );

  function widthOf(m, spacing) {
    return Math.max(0.6, Math.min(1 + 0.9 * Math.log2(c.descendants[m]), Math.max(1, spacing * 0.8), 7));
  }
  function branch(f, m, x, y, color, width, alpha, end = to(m)) {
    const p = c.parent[m],
      yy = y(layout.y[m]),
      ctx = f.c,
      start = x(from(m));
    if (
      (yy < f.top - 20 && (p < 0 || y(layout.y[p]) < f.top)) ||
      (yy > f.bottom + 20 && (p < 0 || y(layout.y[p]) > f.bottom))
    )
      return;
    ctx.strokeStyle = color;
    ctx.lineWidth = width;
    ctx.globalAlpha = alpha;
    ctx.beginPath();
    if (p >= 0 && !Number.isNaN(layout.y[p])) {
      const py = y(layout.y[p]),
        bend = Math.min(10, Math.max(2, Math.abs(x(end) - start) / 2));
      ctx.moveTo(start, py);
      ctx.quadraticCurveTo(start, yy, start + bend, yy);
    } else ctx.moveTo(start, yy);
    ctx.lineTo(Math.max(x(end), start + 1), yy);
    ctx.stroke();
    ctx.globalAlpha = 1;
    f.marks++;
  }
  zoomable(frame, view);
  /** Hides what descends from a member, or shows it again. */
  function fold(m) {
    if (m < 0 || c.descendants[m] < 2) return false;
    if (!view.closed.delete(m)) view.closed.add(m);
    changed();
    return true;
  }
  frame.canvas.addEventListener("dblclick", () => fold(state.selected)); // the first click has selected it
  const hide = h("input", {
    type: "checkbox",
    onchange: () => {
      view.hide = hide.checked;
      changed();
    },
  });
  hide.checked = view.hide;
  const reset = h(
    "button",
    {
      type: "button",
      onclick: () => {
        Object.assign(view, { x0: 0, x1: 1, y0: 0, y1: 1 });
        view.closed.clear();
        changed();
      },
    },
    "Whole tree",
  );
  const best = h(
    "button",
    {
      type: "button",
      onclick: () => {
        focusOn(run.winner);
      },
    },
    "Zoom to the best",
  );
  function focusOn(m) {
    if (m < 0 || Number.isNaN(layout.y[m])) return;
    const rows = Math.max(1, layout.rows - 1),
      middle = layout.y[m] / rows,
      half = Math.min(0.5, 25 / rows);
    view.y0 = Math.max(0, Math.min(1 - 2 * half, middle - half));
    view.y1 = view.y0 + 2 * half;
    changed();
  }
  return h(
    "div",
    {},
    h(
      "div",
      { class: "controls" },
      choice(
        "Along",
        [
          ["training", "Training"],
          ["time", "Time"],
        ],
        view.along,
        (value) => {
          view.along = value;
        },
      ),
      colorChooser(run),
      h(
        "label",
        { class: "control" },
        hide,
        small === 2 ? " Only members with children" : ` Only members with ${small - 1} or more descendants`,
      ),
      h("span", { class: "control choice" }, best, reset),
    ),
    frame.element,
  );
}

/** The least number of members, itself included, of a family that is shown when small ones are collapsed. */
function smallFamily(run) {
  for (let least = 2; ; least *= 2)
    if (countIf(run.col.descendants, (d) => d >= least) <= ROWS_MAX || least > run.n) return least;
}

export const countIf = (array, test) => array.reduce((sum, x) => sum + (test(x) ? 1 : 0), 0);

function lastTimes(run) {
  const last = new Float32Array(run.n),
    { col } = run;
  for (let i = 0; i < col["r.member"].length; i++) last[col["r.member"][i]] = col["r.time"][i];
  return last;
}

/** Left: parent; right: first child, the one on the way to the winner if there is one; up, down: siblings. */
function treeKeys(event) {
  const run = state.run,
    now = state.selected >= 0 ? state.selected : run.winner;
  if (now < 0 || !event.key.startsWith("Arrow")) return false;
  if (state.selected < 0) {
    select(now);
    return true;
  }
  const parent = run.col.parent[now];
  if (event.key === "ArrowLeft") {
    if (parent >= 0) select(parent);
    return true;
  }
  const kids = Array.from(childrenOf(run, now));
  if (event.key === "ArrowRight") {
    if (kids.length) select(kids.find((kid) => run.winnerPath.has(kid)) ?? kids[0]);
    return true;
  }
  const family =
    parent >= 0
      ? Array.from(childrenOf(run, parent))
      : Array.from(run.col.parent.keys()).filter((m) => run.col.parent[m] < 0);
  select(family[Math.max(0, Math.min(family.length - 1, family.indexOf(now) + (event.key === "ArrowDown" ? 1 : -1)))]);
  return true;
}

/** Wheel with Ctrl zooms about the pointer (with Shift: along x only), and so do two fingers; dragging moves. */
export function zoomable(frame, view) {
  const { canvas } = frame;
  canvas.classList.add("zoomable");
  const zoom = (key, at, factor) => {
    const a = `${key}0`,
      b = `${key}1`,
      span = Math.max(1e-5, Math.min(1, (view[b] - view[a]) * factor)),
      middle = view[a] + at * (view[b] - view[a]);
    view[a] = Math.max(0, Math.min(1 - span, middle - at * span));
    view[b] = view[a] + span;
  };
  const move = (key, share, from = view) => {
    const a = `${key}0`,
      b = `${key}1`,
      span = from[b] - from[a],
      start = Math.max(0, Math.min(1 - span, from[a] + share * span));
    view[a] = start;
    view[b] = start + span;
  };
  const place = ({ clientX, clientY }) => {
    // in the chart, from 0 to 1
    const box = canvas.getBoundingClientRect(),
      share = (v, low, high) => Math.max(0, Math.min(1, (v - low) / (high - low)));
    return {
      x: share(clientX - box.left, frame.left, frame.right),
      y: share(clientY - box.top, frame.top, frame.bottom),
    };
  };
  canvas.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.shiftKey) return; // the page scrolls
      event.preventDefault();
      const key = event.shiftKey ? "x" : "y";
      zoom(key, place(event)[key], Math.exp((event.deltaY || event.deltaX) * 0.002));
      changed();
    },
    { passive: false },
  );

  let drag = null;
  const fingers = new Map();
  canvas.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse") drag = { x: event.clientX, y: event.clientY, ...view };
    else fingers.set(event.pointerId, event);
  });
  const up = (event) => {
    drag = null;
    fingers.delete(event.pointerId);
  };
  addEventListener("pointerup", up);
  addEventListener("pointercancel", up);
  canvas.addEventListener("pointermove", (event) => {
    if (drag && event.buttons) {
      move("x", (drag.x - event.clientX) / (frame.right - frame.left), drag);
      move("y", (drag.y - event.clientY) / (frame.bottom - frame.top), drag);
      changed();
    } else if (fingers.size === 2 && fingers.has(event.pointerId)) {
      pinch(event);
    }
  });
  /** One of two fingers has moved: along each axis on which they are well apart, zoom; and follow their middle. */
  function pinch(event) {
    const [other] = [...fingers.entries()].filter(([id]) => id !== event.pointerId).map(([, finger]) => place(finger));
    const before = place(fingers.get(event.pointerId)),
      now = place(event);
    for (const key of ["x", "y"]) {
      const apart = Math.abs(before[key] - other[key]),
        then = Math.abs(now[key] - other[key]),
        middle = (now[key] + other[key]) / 2;
      if (Math.min(apart, then) > 0.08) zoom(key, middle, apart / then);
      move(key, (before[key] + other[key]) / 2 - middle);
    }
    fingers.set(event.pointerId, event);
    changed();
  }
}
