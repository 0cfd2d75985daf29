// Words and tables: the first screen, what went wrong, the members.

import { clock, format, parameterText, pathTo, percent, STATES, units } from "./data.js";
import { h, memberLink, shown, state } from "./state.js";
import { localTheme, setTheme } from "./theme.js";
import { countIf } from "./tree.js";

const NOISY = 0.5; // the share of noise from which the program warns, too

export function header(run) {
  const meta = run.meta,
    auto = "auto",
    now = localTheme() ?? auto;
  const running = !meta.finished,
    chip = running ? "not finished" : ended(meta);
  return [
    h(
      "div",
      { class: "title" },
      h("h1", {}, meta.name),
      h("span", { class: `chip ${running ? "open" : "done"}` }, chip),
    ),
    h(
      "div",
      { class: "tools" },
      h(
        "select",
        { "aria-label": "Colors of the page", onchange: (event) => setTheme(event.target.value) },
        [
          ["auto", "Auto"],
          ["light", "Light"],
          ["dark", "Dark"],
        ].map(([value, text]) => h("option", { value, selected: value === now }, text)),
      ),
      h("button", { type: "button", onclick: () => print() }, "Print"),
    ),
  ];
}

function ended({ reason, used_up }) {
  return (
    {
      exhausted: used_up ? `finished: all ${used_up} configurations tried` : "finished",
      budget_members: "finished: members",
      budget_reports: "finished: reports",
      budget_resource: "finished: training",
      budget_seconds: "finished: time",
      target: "target reached",
      stopped: "stopped",
      repeated_failure: "failed",
      no_workers: "no workers left",
    }[reason] ?? "finished"
  );
}

/** Five answers: what won, how good, how it got there, was the hardware busy, what went wrong. */
export function answers(run) {
  const { meta } = run,
    best = run.best[0];
  const tile = (title, big, ...rest) =>
    h(
      "div",
      { class: "tile" },
      h("h3", {}, title),
      h("p", { class: "big" }, big),
      ...rest.filter(Boolean).map((text) => h("p", {}, text)),
    );
  const held = meta.metrics.filter(
    (metric) => metric.held_out && best && best[metric.name] !== undefined && best[metric.name] !== null,
  );
  const tiles = [];
  if (best) {
    tiles.push(
      h(
        "div",
        { class: "tile won" },
        h("h3", {}, "What won"),
        h("p", { class: "big" }, memberLink(best.member, `member ${best.member}`)),
        h(
          "dl",
          {},
          run.parameters
            .slice(0, 8)
            .map((p, i) => [h("dt", {}, p.name), h("dd", {}, parameterText(p, run.col[`p${i}`][best.member]))])
            .flat(2),
        ),
      ),
    );
    tiles.push(
      tile(
        "How good",
        format(best.best),
        `${meta.metric}, ${meta.maximize ? "larger" : "smaller"} is better, after ${units(run, best.at)}`,
        ...held.map((metric) => `${metric.name} ${format(best[metric.name])} – held out: no decision saw it`),
        run.best[1] ? `next best ${format(run.best[1].best)} (member ${run.best[1].member})` : null,
      ),
    );
    tiles.push(howItGotThere(run, best.member, tile));
  } else {
    tiles.push(
      tile(
        "What won",
        "nothing yet",
        `No member has a finite ${meta.metric}` +
          `${meta.reports ? `, though ${meta.reports} reported: see what went wrong` : ""}.`,
      ),
    );
  }
  const u = run.utilization,
    present = u.present.reduce((a, b) => a + b, 0),
    training = u.training.reduce((a, b) => a + b, 0);
  tiles.push(
    tile(
      "Was the hardware busy",
      present ? percent(training / present) : "–",
      present
        ? `of the time of ${meta.workers} worker${meta.workers === 1 ? "" : "s"} was training`
        : "no worker has joined",
      `${format(meta.members)} members, ${format(meta.reports)} reports, ${units(run, meta.spent)} in ` +
        `${clock(meta.seconds)}; ${clock(training)} of training in all`,
    ),
  );
  if (meta.sampler) tiles.push(tile("Who proposed", meta.sampler, 'chosen by sampler.type = "auto"'));
  if (meta.noise >= NOISY)
    tiles.push(
      tile(
        "Does selection see noise",
        percent(meta.noise),
        `of the differences in ${meta.metric} between good siblings is noise`,
        "a longer scheduler.interval compares better",
      ),
    );
  tiles.push(whatWentWrong(run, tile));
  return h("div", { class: "tiles" }, tiles);
}

function howItGotThere(run, member, tile) {
  const path = pathTo(run, member);
  if (path.length > 1) {
    const births = path.length - 1,
      from = run.col.best[path[0]];
    const named = path.length > 7 ? [...path.slice(0, 3), -1, ...path.slice(-3)] : path;
    return h(
      "div",
      { class: "tile" },
      h("h3", {}, "How it got there"),
      h("p", { class: "big" }, `${births} birth${births === 1 ? "" : "s"}`),
      h(
        "p",
        { class: "trail" },
        named.flatMap((m, i) => [i ? " → " : "", m < 0 ? "…" : memberLink(m)]),
      ),
      h("p", {}, `founder ${path[0]} reached ${format(from)} itself`),
    );
  }
  const at = run.rungs.level.filter((level) => level <= run.col.reached[member]);
  return tile(
    "How it got there",
    `${at.length} level${at.length === 1 ? "" : "s"}`,
    at.length > 6
      ? `from ${units(run, at[0])} to ${units(run, at[at.length - 1])}`
      : `trained to ${at.join(", ")} ${run.meta.unit}s`,
    `born after ${clock(run.col.born[member])} as one of ${format(run.n)}`,
  );
}

function whatWentWrong(run, tile) {
  const e = run.failures.events,
    lost = e.worker_retired ?? 0,
    parts = [];
  const diverged = countOf(run.col.state, 3),
    failed = countOf(run.col.state, 4);
  if (diverged) parts.push(`${diverged} member${diverged === 1 ? "" : "s"} diverged`);
  if (failed) parts.push(`${failed} member${failed === 1 ? "" : "s"} given up`);
  for (const [kind, text] of [
    ["retry", "retries"],
    ["retrain", "trainings repeated"],
    ["late_report", "late reports"],
    ["requeued", "leases given out again"],
    ["persist_failed", "snapshots not written"],
  ])
    if (e[kind]) parts.push(`${e[kind]} ${text}`);
  if (lost) parts.push(`${lost} workers retired`);
  if (run.meta.starts > 1) parts.push(`${run.meta.starts - 1} resume${run.meta.starts > 2 ? "s" : ""}`);
  const count = run.failures.count;
  return tile(
    "What went wrong",
    count ? `${count} failure${count === 1 ? "" : "s"}` : parts.length ? "little" : "nothing",
    ...parts.slice(0, 4),
  );
}

const countOf = (array, value) => countIf(array, (x) => x === value);

export function failuresPanel(run) {
  const f = run.failures;
  const by = f.by.length
    ? h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ["kind", "host", "count"].map((text) => h("th", { scope: "col" }, text)),
          ),
        ),
        h(
          "tbody",
          {},
          f.by.map((row) => h("tr", {}, h("td", {}, row.kind), h("td", {}, row.host), h("td", {}, String(row.count)))),
        ),
      )
    : h("p", { class: "empty" }, "No training failed.");
  const last = f.last.length
    ? h(
        "div",
        { class: "scroll tall" },
        h(
          "table",
          {},
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              ["after", "member", "worker", "kind", "message"].map((text) => h("th", { scope: "col" }, text)),
            ),
          ),
          h(
            "tbody",
            {},
            f.last
              .slice(-100)
              .reverse()
              .map((row) =>
                h(
                  "tr",
                  {},
                  h("td", {}, clock(row.time)),
                  h("td", {}, memberLink(row.member)),
                  h("td", {}, `${row.worker} ${row.host}`),
                  h("td", {}, row.kind),
                  h("td", { class: "long" }, [row.type, row.message].filter(Boolean).join(": ")),
                ),
              ),
          ),
        ),
      )
    : null;
  const events = h(
    "details",
    {},
    h("summary", {}, `Last ${run.events.length} events`),
    h(
      "div",
      { class: "scroll tall" },
      h(
        "table",
        {},
        h(
          "tbody",
          {},
          [...run.events]
            .reverse()
            .map((row) =>
              h(
                "tr",
                {},
                h("td", {}, clock(row.time)),
                h("td", {}, row.kind.replaceAll("_", " ")),
                h("td", {}, row.member >= 0 ? memberLink(row.member) : ""),
                h("td", {}, row.worker >= 0 ? `worker ${row.worker}` : ""),
                h("td", {}, row.value ? format(row.value) : ""),
              ),
            ),
        ),
      ),
    ),
  );
  return h("div", {}, by, last, events);
}

/** Best members first, inside the brush. */
export function membersTable(run) {
  const body = h("tbody"),
    count = h("p", { class: "note", role: "status" });
  const fill = () => {
    const rows = Array.from(run.order.filter((m) => shown(m)).subarray(0, 25));
    body.replaceChildren(
      ...rows.map((m) =>
        h(
          "tr",
          { class: m === state.selected ? "selected" : null },
          h("td", {}, String(run.rank[m] + 1)),
          h("td", {}, memberLink(m)),
          h("td", {}, format(run.col.best[m])),
          h("td", {}, String(run.col.at[m])),
          h("td", {}, STATES[run.col.state[m]]),
          ...run.parameters.map((p, i) => h("td", {}, parameterText(p, run.col[`p${i}`][m]))),
        ),
      ),
    );
    count.textContent =
      state.mask === null
        ? `The best ${rows.length} of ${run.order.length} members with a result.`
        : `The best ${rows.length} of those inside the chosen ranges.`;
  };
  state.listeners.push(fill);
  fill();
  return h(
    "div",
    {},
    count,
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
            [
              "rank",
              "member",
              run.meta.metric,
              `at ${run.meta.unit}`,
              "state",
              ...run.parameters.map((p) => p.name),
            ].map((text) => h("th", { scope: "col" }, text)),
          ),
        ),
        body,
      ),
    ),
  );
}

export function aboutPanel(run) {
  const { meta } = run;
  const facts = [
    ["file", meta.file],
    ["run", meta.run_id],
    ["seed", meta.seed],
    ["started", meta.started],
    ["program", `stemma ${meta.version}`],
    ["hosts", meta.hosts.join(", ")],
    ["devices", meta.devices.join(", ")],
    ["the older file lacks", (meta.lacks ?? []).join(", ")],
  ];
  return h(
    "div",
    {},
    h(
      "dl",
      { class: "facts" },
      facts
        .filter(([, value]) => value !== "" && value !== null)
        .flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, String(value))]),
    ),
    meta.job ? h("details", {}, h("summary", {}, "The job file"), h("pre", {}, meta.job)) : null,
  );
}
