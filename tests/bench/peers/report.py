"""The tables of a CSV file of searches, in Markdown."""

import numpy as np
import summary
import tasks as all_tasks


def markdown(head, rows):
    align = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in [head, align, *rows]) + "\n"


def signed(difference, low, high):
    return f"{difference:+.2f} ({low:+.2f} .. {high:+.2f})"


def ranking(rows, names, tasks, out, draws):
    """Mean ranks, their differences to the references, families, distinct points and cost."""
    figures = summary.table_of(rows, lambda row: float(row["figure"]), out)
    ranks = summary.mean_ranks(figures, names, tasks)
    sampled = summary.bootstrap_ranks(figures, names, tasks, draws)
    families = sorted({all_tasks.family(task) for task in tasks})
    by_family = {
        family: summary.mean_ranks(figures, names, [t for t in tasks if all_tasks.family(t) == family])
        for family in families
    }
    references = [name for name in ("optuna-tpe", "stemma-sobol") if name in names]
    head = ["sampler", "mean rank", *(f"against {name}" for name in references), *families]
    lines = []
    for at in np.argsort(ranks):
        low, high = summary.interval(sampled[:, at])
        against = [
            "" if names[at] == other else signed(*summary.rank_difference(ranks, sampled, names, names[at], other))
            for other in references
        ]
        lines.append(
            [names[at], f"{ranks[at]:.2f} ({low:.2f} .. {high:.2f})", *against]
            + [f"{by_family[family][at]:.1f}" for family in families]
        )
    return markdown(head, lines)


def worse_than_sobol(rows, names, tasks, out):
    figures = summary.table_of(rows, lambda row: float(row["figure"]), out)
    if "stemma-sobol" not in names:
        return ""
    lines = []
    for name in names:
        if name in ("stemma-sobol", "stemma-random"):
            continue
        found = summary.significantly_worse(figures, name, "stemma-sobol", tasks)
        lines.append([name, len(found), ", ".join(f"{task} (p = {p:.1g})" for task, p in found)])
    return markdown(["sampler", "tasks worse than Sobol (p < .01)", "which"], lines)


def distinct_and_cost(rows, names, tasks, out):
    distinct = summary.table_of(rows, lambda row: int(row["distinct"]), out)
    spent = summary.table_of(rows, lambda row: 1000 * float(row["cpu_s"]) / int(row["evaluations"]), out)
    families = sorted({all_tasks.family(task) for task in tasks if all_tasks.kind(task) == "tables"})
    lines = []
    for name in names:
        counts = [
            "{:.1f} ({})".format(np.mean(values), min(values))
            for family in families
            for values in [[v for t in tasks if all_tasks.family(t) == family for v in distinct[t][name]]]
        ]
        cost = np.median([value for task in tasks for value in spent[task][name]])
        lines.append([name, *counts, f"{cost:.2f}"])
    head = ["sampler", *(f"{family}, distinct of 100: mean (least)" for family in families), "ms of CPU a proposal"]
    return markdown(head, lines)


def medians(rows, names, tasks, out):
    figures = summary.table_of(rows, lambda row: float(row["figure"]), out)
    return markdown(
        ["median figure", *names],
        [[task, *(f"{np.median(figures[task][name]):.3g}" for name in names)] for task in tasks],
    )


def widths(rows, names, out):
    """What `out` proposals at a time cost: the chance that such a search ends worse than one with one at a time."""
    narrow, wide = (summary.table_of(rows, lambda row: float(row["figure"]), one) for one in (1, out))
    lines = []
    for name in names:
        chances = [
            summary.chance_of_worse(wide[task][name], narrow[task][name])
            for task in sorted(wide)
            if name in wide[task] and name in narrow.get(task, {})
        ]
        if chances:
            error = np.std(chances) / np.sqrt(len(chances))
            lines.append([name, len(chances), f"{np.mean(chances):.2f} +- {error:.2f}"])
    return markdown(["sampler", "tasks", f"chance that {out} out end worse than 1"], lines)


def report(rows, names, details, draws):
    """All tables, each for all tasks, for tables and for BBOB, by halves: nothing was chosen on the half to check."""
    parts = []
    for out in sorted({int(row["out"]) for row in rows}):
        figures = summary.table_of(rows, lambda row: float(row["figure"]), out)
        present = [name for name in names if any(name in by_name for by_name in figures.values())]
        tasks = summary.common_tasks(figures, present)
        if len(present) < 2 or not tasks:
            continue
        seeds = min(len(figures[task][name]) for task in tasks for name in present)
        left_out = len(figures) - len(tasks)
        parts.append(
            f"## {out} out\n\n{len(tasks)} tasks that all have ({left_out} left out), {seeds} seeds or more.\n"
        )
        groups = {
            "tables": [task for task in tasks if all_tasks.kind(task) == "tables"],
            "BBOB": [task for task in tasks if all_tasks.kind(task) == "bbob"],
            "all tasks": tasks,
        }
        for title, group in groups.items():
            halves = {which: [task for task in group if all_tasks.half(task) == which] for which in ("choose", "check")}
            for which, chosen in halves.items():
                if chosen:
                    parts.append(f"### {title}, half to {which} ({len(chosen)} tasks)\n")
                    parts.append(ranking(rows, present, chosen, out, draws))
            if all(halves.values()):
                parts.append(f"### {title}, both halves ({len(group)} tasks)\n")
                parts.append(ranking(rows, present, group, out, draws))
        parts.append(worse_than_sobol(rows, present, tasks, out))
        parts.append(distinct_and_cost(rows, present, tasks, out))
        if out > 1:
            parts.append(widths(rows, present, out))
        if details:
            parts.append(medians(rows, present, tasks, out))
    return "\n".join(parts)
