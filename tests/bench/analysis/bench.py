"""How long it takes to look at large runs: opening, data frames, plots, the page, and the page in a browser.

    /usr/bin/python3 tests/bench/analysis/bench.py [MEMBERS] [REPORTS A MEMBER]     default: 100000 10

Prints seconds of processor time of this process, and in brackets seconds by the clock."""

import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "analysis"), str(ROOT / "tests/analysis")]

import matplotlib  # noqa: E402

matplotlib.use("Agg")
import numpy as np  # noqa: E402
import stemma  # noqa: E402
from matplotlib import pyplot  # noqa: E402
from run_files import population, write_run  # noqa: E402
from stemma import plots  # noqa: E402


def timed(what, action):
    cpu, wall = time.process_time(), time.monotonic()
    result = action()
    print(f"{what:<34} {time.process_time() - cpu:7.2f} s  ({time.monotonic() - wall:.2f})", flush=True)
    return result


def all_plots(run):
    drawn = [
        plots.best_so_far,
        plots.learning_curves,
        plots.lineages,
        plots.tree,
        plots.muller,
        plots.schedules,
        plots.parallel,
        plots.slices,
        plots.importance,
        lambda run: plots.contour(run, "lr", "width"),
        plots.rungs,
        plots.gantt,
        plots.utilization,
        plots.failures,
    ]
    for plot in drawn:
        axes = np.ravel(plot(run))
        axes[0].figure.savefig(tempfile.TemporaryFile(), dpi=80)
        pyplot.close("all")


def in_browser(path):
    from browser import Browser

    browser = Browser()
    try:
        browser.open(path.as_uri())
        print(f"{'page in Chromium: drawn after':<34} {browser.run('return performance.now()') / 1000:7.2f} s")
        browser.run(
            "window.begun = performance.now(); stemma.select(stemma.state.run.winner); requestAnimationFrame(() => "
            "requestAnimationFrame(() => { window.took = performance.now() - window.begun; }))"
        )
        browser.wait("window.took", "a member is selected")
        print(f"{'page in Chromium: select a member':<34} {browser.run('return window.took') / 1000:7.2f} s")
        print("console:", browser.console() or "empty")
    finally:
        browser.close()


def main():
    members, each = (int(word) for word in (sys.argv[1:] + ["100000", "10"][len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.h5"
        write_run(path, population(members, each), name="large")
        print(f"{members} members, {members * each} reports, {path.stat().st_size / 1e6:.0f} MB")
        stemma.open(path).best(1)  # imports
        run = timed("open", lambda: stemma.open(path))
        timed("summary, progress, rungs, workers", lambda: (run.summary, run.progress, run.rungs, run.utilization))
        timed("best lineage and schedule", lambda: run.schedule())
        timed("all plots, drawn and saved", lambda: all_plots(run))
        page = Path(folder) / "page.html"
        size = timed("page", lambda: stemma.report.write([run], page))
        print(f"page: {size / 1e6:.1f} MB")
        in_browser(page)


if __name__ == "__main__":
    main()
