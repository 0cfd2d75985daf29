"""Where the values of composition.py's searches ended, and when they moved: one line for each arm.

    /usr/bin/python3 tests/bench/studies/composition_movement.py FOLDER [--arms 'gpbt, still;...'] [--seeds 10]

FOLDER: composition.py's. All figures are of the lineage that each search selected. The first is lr / (1 - momentum) at
the lineage's end, the rate at which momentum's updates add up: quartiles over the seeds. Beside them: in how many seeds
it is lower than in the same search whose members stand still. The second is how much a hyper-step moved log10 lr, log10
weight decay and logit momentum together. It is given up to update 500 and after it (medians; births left out).
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "analysis"))

from composition import ALL, ARMS, file_of
from stemma.run import open_run

EARLY = 500


def figures(path):
    """lr / (1 - momentum) at the end, movement of a hyper-step early and late."""
    rows = open_run(path).trajectory()
    lr, decay, momentum = (rows[name].to_numpy() for name in ("lr", "weight_decay", "momentum"))
    raw = np.stack([np.log10(lr), np.log10(decay), np.log(momentum / (1 - momentum))])
    hyper_steps = np.maximum(np.diff(rows["step"]) / 10, 1)
    moved = np.abs(np.diff(raw)).sum(0) / hyper_steps
    within, early = np.diff(rows["member"]) == 0, rows["step"].to_numpy()[1:] <= EARLY
    parts = [moved[within & part] for part in (early, ~early)]
    return lr[-1] / (1 - momentum[-1]), *(part.mean() if len(part) else np.nan for part in parts)


def of_seeds(folder, arm, seeds):
    """{seed: figures} of the searches that exist."""
    paths = {seed: file_of(folder, arm, seed) for seed in range(1, seeds + 1)}
    return {seed: figures(path) for seed, path in paths.items() if path.exists()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--arms", default=";".join(ARMS), help=f"of {'; '.join(ALL)}")
    parser.add_argument("--seeds", type=int, default=10)
    options = parser.parse_args()
    print(
        "| search | lr / (1 - momentum) | lower than still | moved a hyper-step, to update 500 | after |\n"
        "| --- | --- | ---: | ---: | ---: |"
    )
    for arm in options.arms.split(";"):
        found = of_seeds(options.folder, arm, options.seeds)
        if not found:
            continue
        rates = {seed: figure[0] for seed, figure in found.items()}
        still = of_seeds(options.folder, f"{arm.split(',')[0]}, still", options.seeds)
        pairs = rates.keys() & still.keys()
        lower = sum(rates[seed] < still[seed][0] for seed in pairs)
        quartiles = ", ".join(f"{rate:.2g}" for rate in np.percentile(list(rates.values()), [25, 50, 75]))
        _, early, late = np.nanmedian(np.array(list(found.values())), axis=0)
        print(f"| {arm} | {quartiles} | {lower} of {len(pairs)} | {early:.2g} | {late:.2g} |")


if __name__ == "__main__":
    main()
