// Puts the page together. Goes on with new data if a server follows a running search.

import { importanceChart, rungsChart, slicesChart } from "./bars.js";
import { comparisonChart } from "./compare.js";
import { curvesChart, progressChart } from "./curves.js";
import { openRun, pathTo } from "./data.js";
import { showDetail } from "./detail.js";
import { levelsChart, surfaceChart } from "./pairs.js";
import { aboutPanel, answers, failuresPanel, header, membersTable } from "./panels.js";
import { parallelChart } from "./parallel.js";
import { mullerChart, schedulesChart } from "./population.js";
import { changed, h, section, select, state } from "./state.js";
import { localTheme, theme } from "./theme.js";
import { treeChart } from "./tree.js";
import { ganttChart, utilizationTable } from "./workers.js";

function build(run) {
  state.run = run;
  state.listeners = [];
  state.mask = null;
  if (state.selected >= run.n) state.selected = -1;
  if (state.color >= run.parameters.length) state.color = -1;
  document.getElementById("top").replaceChildren(...header(run));
  const parts = [
    h(
      "section",
      { id: "answers", "aria-label": "In short" },
      answers(run),
      h("div", { class: "card" }, progressChart(run)),
    ),
  ];
  const add = (id, title, note, ...content) =>
    parts.push(section(id, title, note, h("div", { class: "card" }, ...content)));
  if (run.comparison) add("comparison", "Runs compared", null, comparisonChart(run));
  if (run.n) {
    if (run.meta.births) {
      add(
        "tree",
        "Genealogy",
        "Members below their parents. The winner's line is on top; lines are thicker the more descendants a member " +
          "has. Click a member, double-click to hide what descends from it; drag to move, Ctrl and wheel (or two " +
          "fingers) to zoom, Shift and wheel along the axis; arrow keys go through the family.",
        treeChart(run),
      );
    }
    if (run.meta.births || run.schedules.some((lineage) => Object.keys(lineage.moved).length)) {
      add(
        "schedules",
        "Schedules of the best lineages",
        "Hyperparameters along the training of the winner (bold) and of the next best members.",
        schedulesChart(run),
      );
    }
    add(
      "curves",
      "Learning curves",
      run.meta.births
        ? "Lineages are continuous over births (rings): each child goes on from its parent's weights."
        : null,
      curvesChart(run),
    );
    add(
      "parallel",
      "Hyperparameters and result",
      "Each line is a member. What is chosen here is chosen in all charts.",
      parallelChart(run),
    );
    add("slices", "One hyperparameter at a time", null, slicesChart(run));
    const surface = surfaceChart(run);
    if (surface)
      add(
        "surface",
        "Two hyperparameters at a time",
        "Dots are members; the ground is the mean of the metric around each place, and fades where no member was.",
        surface,
      );
    add("importance", "What mattered", null, importanceChart(run));
    if (run.meta.births)
      add("muller", "Descendants of each founder", "Share of the reports by founder over time.", mullerChart(run));
    add("rungs", "Levels of training", null, rungsChart(run), levelsChart(run));
    add(
      "workers",
      "Workers",
      "Each box is a lease, colored as above; orange: the winner's lineage; hollow red: ended without a report. " +
        "Shift and wheel zooms in time.",
      ganttChart(run),
      utilizationTable(run),
    );
    add("members", "Members", null, membersTable(run));
  }
  add("failures", "What went wrong", null, failuresPanel(run));
  add("about", "About this run", null, aboutPanel(run));
  document.getElementById("main").replaceChildren(...parts);
  if (state.selected >= 0) showDetail(state.selected);
  document.body.dataset.ready = String(Number(document.body.dataset.ready ?? 0) + 1);
}

async function follow() {
  let last = null;
  for (;;) {
    try {
      const now = await (await fetch("state.json")).json();
      const reading = state.mask !== null; // what a reader has chosen is not taken away
      document.getElementById("top").classList.toggle("paused", reading && now.commit !== last);
      if (now.commit !== last && !document.hidden && !reading) {
        const told = await (await fetch("data.json")).json();
        const scroll = scrollY;
        build(await openRun(told, told.packed));
        scrollTo(0, scroll);
        last = now.commit;
      }
      document.getElementById("top").classList.remove("stale");
    } catch {
      document.getElementById("top").classList.add("stale");
    } // the server ended: what is shown stays
    await new Promise((done) => setTimeout(done, 3000));
  }
}

async function main() {
  state.whenSelected = showDetail;
  const own = localTheme();
  if (own && own !== "auto") document.documentElement.dataset.theme = own;
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    theme.cache = null;
    changed();
  });
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && state.selected >= 0) select(-1);
  });
  addEventListener("beforeprint", () => {
    document.documentElement.dataset.print = "1";
    theme.cache = null;
    for (const listener of state.listeners) listener();
  });
  addEventListener("afterprint", () => {
    delete document.documentElement.dataset.print;
    theme.cache = null;
    changed();
  });
  const told = JSON.parse(document.getElementById("data").textContent);
  if (told.follow) {
    document.getElementById("main").append(h("p", { class: "note" }, `Waiting for ${told.meta.name} …`));
    await follow();
    return;
  }
  build(await openRun(told, document.getElementById("columns").textContent.trim()));
}

// For tests, and for the console of the browser.
globalThis.stemma = { state, select, pathTo, theme };

main().catch((error) => {
  document
    .getElementById("main")
    .replaceChildren(
      h(
        "p",
        { class: "empty" },
        `This page could not be drawn: ${error.message}. A browser of 2023 or later is needed (DecompressionStream).`,
      ),
    );
  throw error;
});
