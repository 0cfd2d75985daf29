// Numbers to positions and colors.

import { state } from "./state.js";
import { theme } from "./theme.js";

/** kind: "linear", "time" (linear, in seconds) or "log". A log scale over numbers that are not all positive is
 * linear. */
export function scale(kind, low, high, from, to) {
  if (!(high > low)) {
    const pad = Math.abs(low) * 0.05 || 0.5;
    low -= pad;
    high += pad;
  }
  const log = kind === "log" && low > 0;
  const f = log ? Math.log : (x) => x,
    a = f(low),
    b = f(high),
    k = (to - from) / (b - a);
  const map = (x) => from + (f(x) - a) * k;
  map.invert = (p) => {
    const x = a + (p - from) / k;
    return log ? Math.exp(x) : x;
  };
  Object.assign(map, { low, high, log, from, to });
  map.ticks = (count) =>
    log ? logTicks(low, high, count) : kind === "time" ? timeTicks(low, high, count) : linearTicks(low, high, count);
  return map;
}

function linearTicks(low, high, count) {
  const raw = (high - low) / Math.max(1, count),
    power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((x) => x * power).find((x) => x >= raw * 0.999);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++)
    ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
}

/** Whole minutes, hours and days. */
function timeTicks(low, high, count) {
  const raw = (high - low) / Math.max(1, count);
  const step =
    raw < 1
      ? 0
      : [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400].find(
          (x) => x >= raw,
        );
  return step
    ? Array.from(
        { length: Math.floor(high / step) - Math.ceil(low / step) + 1 },
        (_, i) => (Math.ceil(low / step) + i) * step,
      )
    : linearTicks(low, high, count);
}

function logTicks(low, high, count) {
  const first = Math.ceil(Math.log10(low * 0.999)),
    last = Math.floor(Math.log10(high * 1.001)),
    decades = last - first + 1;
  const every = Math.max(1, Math.ceil(decades / Math.max(2, count)));
  const within = (x) => x >= low * 0.999 && x <= high * 1.001,
    ticks = [];
  // Few decades: with ticks between them, at both ends too.
  if (decades < 3)
    for (let e = first - 1; e <= last; e++)
      ticks.push(...(decades < 2 ? [1, 2, 5] : [1, 3]).map((m) => m * 10 ** e).filter(within));
  else for (let e = first; e <= last; e += every) ticks.push(10 ** e);
  return ticks.length >= 2 ? ticks : linearTicks(low, high, count);
}

/** -0.25 .. 0.25, the same each time: spreads members that share a place. */
export const jitter = (member) => (((member * 2654435761) % 1000) / 1000 - 0.5) * 0.5;

export function extent(values) {
  let low = Infinity,
    high = -Infinity;
  for (const v of values)
    if (Number.isFinite(v)) {
      if (v < low) low = v;
      if (v > high) high = v;
    }
  return [low, high];
}

/** From the best value to where nine tenths of the members are: diverged trainings would flatten all others. */
export function metricExtent(run, values = run.col.best) {
  if (values === run.col.best && run.extent) return run.extent;
  const found = extentOf(run, values);
  if (values === run.col.best) run.extent = found;
  return found;
}

function extentOf(run, values) {
  const known = Float64Array.from(values).filter(Number.isFinite).sort();
  if (!known.length) return [0, 1];
  const at = (q) => known[Math.min(known.length - 1, Math.floor(q * known.length))];
  const [low, high] = run.meta.maximize ? [at(0.1), known[known.length - 1]] : [known[0], at(0.9)];
  if (high > low) return [low, high];
  return known[0] < known[known.length - 1]
    ? [known[0], known[known.length - 1]]
    : [low - Math.abs(low) * 0.05 - 0.01, high + Math.abs(high) * 0.05 + 0.01];
}

// Cividis (Nuñez, Anderton, Renslow 2018): the same order of lightness for every kind of color vision.
const CIVIDIS = [
  "#00224e",
  "#123570",
  "#3b496c",
  "#575d6d",
  "#707173",
  "#8a8678",
  "#a59c74",
  "#c3b369",
  "#e1cc55",
  "#fee838",
];
// Okabe and Ito's palette, without black and yellow, which vanish on one of the two backgrounds.
export const HUES = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c8c8c"];

function mix(a, b, t) {
  const part = (hex, i) => parseInt(hex.slice(1 + 2 * i, 3 + 2 * i), 16);
  return `#${[0, 1, 2]
    .map((i) =>
      Math.round(part(a, i) + (part(b, i) - part(a, i)) * t)
        .toString(16)
        .padStart(2, "0"),
    )
    .join("")}`;
}

const RAMP = Array.from({ length: 64 }, (_, i) => {
  const x = (i / 63) * (CIVIDIS.length - 1),
    j = Math.min(CIVIDIS.length - 2, Math.floor(x));
  return mix(CIVIDIS[j], CIVIDIS[j + 1], x - j);
});

/** 0 .. 1 to a color of the ramp that stands out against the background. */
export function rampColor(t) {
  const u = Math.max(0, Math.min(1, t));
  return RAMP[Math.round((theme().dark ? 0.22 + 0.78 * u : 0.86 * u) * 63)];
}

/** Members to colors, after the metric (state.color = -1) or a parameter. Better is brighter on dark, darker on
 * light. */
export function memberColors(run) {
  const values = state.color < 0 ? run.col.best : run.col[`p${state.color}`];
  const parameter = run.parameters[state.color];
  if (parameter?.choices.length)
    return Object.assign((m) => (Number.isFinite(values[m]) ? HUES[values[m] % HUES.length] : theme().soft), {
      parameter,
      choices: parameter.choices,
    });
  const [low, high] = parameter
    ? parameter.low !== null && parameter.low !== undefined
      ? [parameter.low, parameter.high]
      : extent(values)
    : metricExtent(run);
  const to = scale(parameter ? parameter.scale : "linear", low, high, 0, 1);
  // Good values far from the background.
  const flip = parameter ? false : run.meta.maximize ? !theme().dark : theme().dark;
  return Object.assign(
    (m) => (Number.isFinite(values[m]) ? rampColor(flip ? 1 - to(values[m]) : to(values[m])) : theme().soft),
    { low, high, flip, parameter },
  );
}
