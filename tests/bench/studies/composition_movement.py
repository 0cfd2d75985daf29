"""Where the values of composition.py's searches ended, and when they moved: one line an arm, medians over the seeds.

    /usr/bin/python3 tests/bench/studies/composition_movement.py FOLDER [--arms 'gpbt, still;...'] [--seeds 10]

FOLDER: composition.py's. Of each search the lineage that it selected: lr / (1 - momentum), the rate at which momentum's updates
add up, at the lineage's end; and by how much a hyper-step moved log10 lr, log10 weight decay and logit momentum together, up to
update 500 and after it (births left out).
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "analysis"))

from composition import ALL, ARMS, file_of  # noqa: E402
from stemma.run import open_run  # noqa: E402

EARLY = 500


def figures(path):
    """lr / (1 - momentum) at the end, movement a hyper-step early and late."""
    rows = open_run(path).trajectory()
    lr, decay, momentum = (rows[name].to_numpy() for name in ("lr", "weight_decay", "momentum"))
    raw = np.stack([np.log10(lr), np.log10(decay), np.log(momentum / (1 - momentum))])
    hyper_steps = np.maximum(np.diff(rows["step"]) / 10, 1)
    moved = np.abs(np.diff(raw)).sum(0) / hyper_steps
    within, early = np.diff(rows["member"]) == 0, rows["step"].to_numpy()[1:] <= EARLY
    parts = [moved[within & part] for part in (early, ~early)]
    return lr[-1] / (1 - momentum[-1]), *(part.mean() if len(part) else np.nan for part in parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--arms", default=";".join(ARMS), help=f"of {'; '.join(ALL)}")
    parser.add_argument("--seeds", type=int, default=10)
    options = parser.parse_args()
    print("| search | lr / (1 - momentum) | moved a hyper-step, to update 500 | after |\n| --- | ---: | ---: | ---: |")
    for arm in options.arms.split(";"):
        found = [figures(path) for seed in range(1, options.seeds + 1) if (path := file_of(options.folder, arm, seed)).exists()]
        if found:
            rate, early, late = np.nanmedian(np.array(found), axis=0)
            print(f"| {arm} | {rate:.3g} | {early:.2g} | {late:.2g} |")


if __name__ == "__main__":
    main()
