"""Protocol A: what GPBT's paper measured, with the methods of this tree. Fashion-MNIST, LeNet, five hyperparameters, 80
epochs in all, no lineage above 20 epochs (except the arms called deep: 40).

    /usr/bin/python3 tests/bench/studies/protocol_a.py FOLDER [--arms gpbt,pbt,...] [--seeds 10] [--space uniform]
                                                       [--small | --tiny] [--long] [--within 40] [--side-by-side 2]
                                                       [--done docs/studies/protocol_a.csv]

One run is one file in FOLDER, trained by one worker inside the process (or `--workers`; `--side-by-side` runs at a
time). The script may be stopped and started again: finished runs are kept, others go on. Runs in the table --done are
not run again. Selection is by the accuracy on half of the test images. `test` is the other half, which no part of the
search saw. --small is the problem on which defaults are chosen: 10,000 of the training images, with as many updates an
epoch. --tiny has 2,500, and selects on 2,000 others; `test` are 4,000. --long has 240 epochs in place of 80, for arms
called gpbt12 and pbt12. Writes a CSV file in FOLDER and prints the table.
"""

import statistics
from dataclasses import replace

from population import Problem, parser_of, sweep_arms

PROBLEM = Problem(
    "fashion_mnist",
    maximize=True,
    metric="accuracy",
    head="""
[run.budget]
epochs = 80
[metric]
name = "valid_accuracy"
direction = "maximize"
[trainer]
type = "torch"
data = "fashion_mnist"
model = "lenet"
optimizer = "adam"
amsgrad = true
batch_size = 1024
[workers]
threads = 1
durable = "none"
""",
)
SMALL = replace(PROBLEM, name="fashion_mnist_small", head=PROBLEM.head.replace("1024", "170\ntrain_rows = 10000"))
TINY = replace(
    PROBLEM,
    name="fashion_mnist_tiny",
    head=PROBLEM.head.replace("1024", "50\ntrain_rows = 2500\nvalid = 2000\ntest = 4000"),
)


def table(rows, arms):
    lines = [
        "| method | seeds | deepest | test: mean (sd) | selection half: mean (sd) |",
        "| --- | --- | --- | --- | --- |",
    ]
    for arm in arms:
        mine = [row for row in rows if row[2] == arm]
        figures = [[row[i] for row in mine] for i in (7, 6)]
        texts = [
            f"{statistics.mean(one):.4f} ({statistics.stdev(one) if len(one) > 1 else float('nan'):.4f})"
            for one in figures
        ]
        lines.append(f"| {arm} | {len(mine)} | {max(row[5] for row in mine)} | {texts[0]} | {texts[1]} |")
    return "\n".join(lines)


def main():
    parser = parser_of(__doc__, 10)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--small", dest="problem", action="store_const", const=SMALL, default=PROBLEM)
    size.add_argument("--tiny", dest="problem", action="store_const", const=TINY)
    parser.add_argument("--long", action="store_true", help="240 epochs in all")
    parser.add_argument(
        "--within",
        type=int,
        help="what the searches had found after so many epochs (a multiple of 20 where runs are not shorter)",
    )
    options = parser.parse_args()
    arms = options.arms.split(",")
    problem = options.problem
    if options.long:
        problem = replace(problem, name=problem.name + "_240", head=problem.head.replace("epochs = 80", "epochs = 240"))
    suffix = f"_within_{options.within}" if options.within else ""
    suffix += f"_n{options.workers}" if options.workers > 1 else ""
    print(
        table(
            sweep_arms(
                options, [problem], arms, f"{problem.name}_{options.space}_{'+'.join(arms)}{suffix}.csv", options.within
            ),
            arms,
        )
    )


if __name__ == "__main__":
    main()
