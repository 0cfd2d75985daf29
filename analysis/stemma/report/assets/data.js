// The run as the page has it: JSON for small things, typed arrays for columns.

const ARRAYS = { i4: Int32Array, f4: Float32Array, u1: Uint8Array };
export const STATES = ["waiting", "running", "reported", "diverged", "failed"];
export const CAUSES = { 1: "sampled", 2: "repeat", 3: "exploit", 4: "adoption", 5: "continuation", 6: "backtrack" };
export const OUTCOMES = { 0: "running", 1: "reported", 2: "partial", 3: "failed", 4: "lost", 5: "timed out" };
export const SOURCES = ["from scratch", "from memory", "from another worker", "from disk"];

/** base64 of a zlib stream to an ArrayBuffer. */
async function inflate(base64) {
  if (!base64) return new ArrayBuffer(0);
  const text = atob(base64),
    bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

/** The run: what the JSON says, its columns by name, and what follows from them. */
export async function openRun(told, base64) {
  const buffer = await inflate(base64);
  const col = {};
  for (const [name, [kind, offset, length]] of Object.entries(told.columns))
    col[name] = new ARRAYS[kind](buffer, offset, length);
  addDerived(col);
  const run = { ...told, col, n: col.parent.length, sign: told.meta.maximize ? -1 : 1 };
  run.winner = told.best.length ? told.best[0].member : -1;
  run.children = childLists(col.parent, run.n);
  run.order = rankOrder(run);
  run.rank = new Int32Array(run.n).fill(-1);
  run.order.forEach((member, i) => {
    run.rank[member] = i;
  });
  run.curveOf = firstRows(col["e.member"], run.n);
  run.leasesOf = groupRows(col["l.member"], run.n);
  run.winnerPath = new Set(run.winner >= 0 ? pathTo(run, run.winner) : []);
  return run;
}

/** Columns that follow from those of the leases: the time of training [s], and who reported when. */
function addDerived(col) {
  const n = col["l.end"].length,
    reported = [];
  col["l.training"] = new Float32Array(n);
  for (let i = 0; i < n; i++) {
    col["l.training"][i] = Math.max(0, col["l.end"][i] - col["l.start"][i] - col["l.rest"][i]);
    const outcome = OUTCOMES[col["l.outcome"][i]];
    if (outcome === "reported" || outcome === "partial") reported.push(i);
  }
  col["r.member"] = Int32Array.from(reported, (i) => col["l.member"][i]);
  col["r.time"] = Float32Array.from(reported, (i) => col["l.end"][i]);
}

/** Children of all members, back to back: those of m are list[begin[m] .. begin[m + 1] - 1]. */
function childLists(parent, n) {
  const begin = new Int32Array(n + 1),
    list = new Int32Array(n);
  for (let i = 0; i < n; i++) if (parent[i] >= 0) begin[parent[i] + 1]++;
  for (let i = 0; i < n; i++) begin[i + 1] += begin[i];
  const at = begin.slice(0, n);
  for (let i = 0; i < n; i++) if (parent[i] >= 0) list[at[parent[i]]++] = i;
  return { begin, list };
}

export function childrenOf(run, member) {
  return run.children.list.subarray(run.children.begin[member], run.children.begin[member + 1]);
}

/** Rows of a table by member, for a column in any order. */
function groupRows(members, n) {
  const begin = new Int32Array(n + 1),
    list = new Int32Array(members.length);
  for (const member of members) begin[member + 1]++;
  for (let i = 0; i < n; i++) begin[i + 1] += begin[i];
  const at = begin.slice(0, n);
  for (let i = 0; i < members.length; i++) list[at[members[i]]++] = i;
  return { begin, list };
}

/** Where each member's rows begin in a column that is sorted by member. */
function firstRows(members, n) {
  const begin = new Int32Array(n + 1);
  for (const member of members) begin[member + 1]++;
  for (let i = 0; i < n; i++) begin[i + 1] += begin[i];
  return begin;
}

/** Members with a finite metric, best first; the run's own winner is the first. */
function rankOrder(run) {
  const best = run.col.best,
    known = [];
  for (let i = 0; i < run.n; i++) if (Number.isFinite(best[i])) known.push(i);
  known.sort((a, b) => (a === run.winner ? -1 : b === run.winner ? 1 : run.sign * (best[a] - best[b]) || a - b));
  return Int32Array.from(known);
}

/** Held-out metrics that can share an axis with the optimized one: test_accuracy with valid_accuracy, not test_loss.
 * [{name, column of learning curves}] */
export function comparableHeld(run) {
  const kind = (name) =>
    name
      .split(/[_./ -]/)
      .pop()
      .toLowerCase();
  return run.meta.metrics
    .filter((metric) => metric.held_out)
    .map((metric, i) => ({ name: metric.name, column: `e.held${i}` }))
    .filter(({ name }) => kind(name) === kind(run.meta.metric));
}

/** Was it born with its parent's weights? A repeat has its parent's configuration only. */
export const inherits = (run, member) =>
  run.col.parent[member] >= 0 && !["sampled", "repeat"].includes(CAUSES[run.col.cause[member]]);

/** From the root to the member, along which weights were inherited. */
export function pathTo(run, member) {
  const path = [member];
  while (inherits(run, path[path.length - 1])) path.push(run.col.parent[path[path.length - 1]]);
  return path.reverse();
}

/** Points [resource, value] of the training behind a member's weights; of ancestors only what came before the birth. */
export function lineageCurve(run, member, column = "e.value") {
  const path = pathTo(run, member),
    points = [];
  path.forEach((who, i) => {
    const end = i + 1 < path.length ? run.col.start[path[i + 1]] : Infinity;
    for (let row = run.curveOf[who]; row < run.curveOf[who + 1]; row++) {
      const at = run.col["e.resource"][row];
      if (at > run.col.start[who] && at <= end) points.push([at, run.col[column][row], who]);
    }
  });
  return points;
}

/** A member's value of a parameter as text. */
export function parameterText(parameter, value) {
  if (!Number.isFinite(value)) return "–";
  return parameter.choices.length ? (parameter.choices[value] ?? String(value)) : format(value);
}

/** Four digits, short. */
export function format(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0 || (Number.isInteger(value) && Math.abs(value) < 1e6)) return String(value);
  const size = Math.abs(value);
  const text =
    size >= 1e-3 && size < 1e6 ? String(Number(value.toPrecision(4))) : value.toExponential(2).replace(/\.?0+e/, "e");
  return text.replace("e+", "e");
}

export function clock(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  if (seconds < 10) return `${format(Number(seconds.toPrecision(3)))} s`;
  const s = Math.round(seconds),
    pad = (x) => String(x).padStart(2, "0");
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)}:${pad(s % 60)} min`;
  return `${Math.floor(s / 3600)}:${pad(Math.floor(s / 60) % 60)} h`;
}

export const units = (run, count) => `${format(count)} ${run.meta.unit}${count === 1 ? "" : "s"}`;
/** A share as text; one decimal near 0 and 1, and never 100 % for less. */
export function percent(share) {
  const below = share > 0.99 && share < 1 ? Math.floor(1000 * share) / 10 : 100 * share;
  const digits = (share > 0.995 && share < 1) || (share > 0 && share < 0.1) ? 1 : 0;
  return `${below.toFixed(digits)} %`;
}
