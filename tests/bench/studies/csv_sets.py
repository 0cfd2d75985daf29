"""The methods of Protocol A on four UCI tables: regression networks of 50 hidden units, the same five hyperparameters.
80 epochs in all and at most 20 in a lineage.

    /usr/bin/python3 tests/bench/studies/csv_sets.py FOLDER [--arms gpbt,pbt,...] [--seeds 20] [--space uniform]
                                                     [--sets energy,...] [--side-by-side 2]

Resumable like protocol_a.py. Prints the median over the seeds of the test loss, relative to random search. The loss is
of the member that is best on the validation rows. Prints also the mean rank of each method (1 is best).
"""

import statistics

from population import ROOT, Problem, parser_of, sweep_arms

HEAD = """
[run.budget]
epochs = 80
[metric]
name = "valid_loss"
direction = "minimize"
[trainer]
type = "torch"
data = "csv"
path = "{path}"
model = "mlp"
layers = 1
width = 50
optimizer = "adam"
amsgrad = true
batch_size = 16
[workers]
threads = 1
durable = "none"
"""
SETS = ("energy", "concrete", "kin8nm", "power")


def problem(name):
    return Problem(
        name, HEAD.replace("{path}", str(ROOT / f"tests/data/uci_{name}/{name}.csv")), "loss", maximize=False
    )


def ranks(losses):
    """{method: mean rank}. losses: {method: [one for each seed]}."""
    counts = {arm: [] for arm in losses}
    for seed in range(min(len(each) for each in losses.values())):
        for rank, arm in enumerate(sorted(losses, key=lambda arm: losses[arm][seed]), 1):
            counts[arm].append(rank)
    return {arm: statistics.mean(each) for arm, each in counts.items()}


def table(rows, arms, sets):
    lines = [f"| method | {' | '.join(sets)} | mean rank |", "| --- |" + " --- |" * (len(sets) + 1)]
    losses = {
        name: {arm: [row[7] for row in sorted(rows) if (row[0], row[2]) == (name, arm)] for arm in arms}
        for name in sets
    }
    medians = {name: {arm: statistics.median(losses[name][arm]) for arm in arms} for name in sets}
    mean_ranks = [ranks(losses[name]) for name in sets]
    base = "random" if "random" in arms else arms[0]
    for arm in arms:
        cells = [f"{medians[name][arm] / medians[name][base]:.3f}" for name in sets]
        lines.append(f"| {arm} | {' | '.join(cells)} | {statistics.mean(each[arm] for each in mean_ranks):.2f} |")
    return "\n".join(lines)


def main():
    parser = parser_of(__doc__, 20)
    parser.add_argument("--sets", default=",".join(SETS))
    options = parser.parse_args()
    arms, sets = options.arms.split(","), options.sets.split(",")
    summary = f"csv_sets_{options.space}_{'+'.join(arms)}{f'_n{options.workers}' if options.workers > 1 else ''}.csv"
    rows = sweep_arms(options, [problem(name) for name in sets], arms, summary)
    print(table(rows, arms, sets))


if __name__ == "__main__":
    main()
