// What is selected, brushed and shown; and helpers that make elements.

import { format, parameterText, units } from "./data.js";

export const state = { run: null, selected: -1, mask: null, color: -1, listeners: [], whenSelected: () => {} };

/** Asks all charts to draw again, once a frame. */
export function changed() {
  if (state.pending) return;
  state.pending = true;
  requestAnimationFrame(() => {
    state.pending = false;
    for (const listener of state.listeners) listener();
  });
}

export function select(member) {
  state.selected = member;
  state.whenSelected(member);
  changed();
}

/** mask: 1 for members inside the brushes; null: no brush. */
export function brush(mask) {
  state.mask = mask;
  changed();
}

export const shown = (member) => state.mask === null || state.mask[member] === 1;

/** An element. Texts become text nodes, so that nothing from a run is ever markup. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
    else element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat()) if (child !== null && child !== undefined) element.append(child);
  return element;
}

/** A titled part of the page. The note says how to read it. */
export function section(id, title, note, ...children) {
  return h(
    "section",
    { id, "aria-labelledby": `${id}-title` },
    h("h2", { id: `${id}-title` }, title),
    note ? h("p", { class: "note" }, note) : null,
    ...children,
  );
}

export function memberLink(member, text = `#${member}`) {
  return h("button", { class: "link", type: "button", onclick: () => select(member) }, text);
}

export const tip = {
  show(lines, x, y) {
    const element = document.getElementById("tip");
    element.replaceChildren(...lines.map((line) => h("div", {}, line)));
    element.hidden = false;
    const box = element.getBoundingClientRect();
    element.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - box.width - 6))}px`;
    element.style.top = `${y + 18 + box.height > innerHeight ? y - box.height - 10 : y + 18}px`;
  },
  hide() {
    document.getElementById("tip").hidden = true;
  },
};

/** What to say of a member under the pointer. */
export function memberLines(run, member) {
  const c = run.col,
    lines = [`member ${member} · ${run.meta.metric} ${format(c.best[member])} after ${units(run, c.at[member])}`];
  run.parameters.forEach((parameter, i) => {
    if (i < 8) lines.push(`${parameter.name} = ${parameterText(parameter, c[`p${i}`][member])}`);
  });
  return lines;
}
