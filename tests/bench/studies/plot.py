#!/usr/bin/env python3
"""Figures of docs/studies/asha.md from the CSV files of the study programs.

usage: plot.py FOLDER   (reads FOLDER/stragglers.csv and FOLDER/time_to_target.csv, writes SVG files beside them)
"""

import csv
import pathlib
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "stemma"
import matplotlib.pyplot as plt

LABELS = {
    "random": "random search",
    "sha": "SHA, one bracket at a time",
    "sha_more_brackets": "SHA, idle workers begin another bracket",
    "hyperband": "Hyperband",
    "asha": "ASHA (promotion)",
    "asha_stopping": "ASHA (stopping)",
    "asha_hyperband": "asynchronous Hyperband",
}


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def stragglers(folder):
    data = rows(folder / "stragglers.csv")
    deviations = sorted({float(row["sd"]) for row in data})
    figure, axes = plt.subplots(2, len(deviations), figsize=(3 * len(deviations), 5.2), sharex=True, sharey="row")
    for column, sd in enumerate(deviations):
        for scheduler in ("sha", "sha_more_brackets", "asha"):
            points = [row for row in data if row["scheduler"] == scheduler and float(row["sd"]) == sd]
            drop = [float(row["drop"]) for row in points]
            axes[0][column].plot(
                drop,
                [float(row["completed_mean"]) for row in points],
                marker="o",
                markersize=3,
                label=LABELS[scheduler],
            )
            axes[1][column].plot(drop, [float(row["first_median"]) for row in points], marker="o", markersize=3)
        axes[0][column].set_title(f"straggler sd {sd:g}", fontsize=9)
        axes[1][column].set_xlabel("drop probability per time unit", fontsize=8)
        axes[1][column].set_ylim(0, 2050)
    axes[0][0].set_ylabel("configurations trained to R")
    axes[1][0].set_ylabel("time until the first")
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="lower center", ncols=3, fontsize=8)
    figure.tight_layout(rect=(0, 0.05, 1, 1))
    figure.savefig(folder / "stragglers.svg", metadata={"Date": None})


def time_to_target(folder):
    data = rows(folder / "time_to_target.csv")
    figure, axis = plt.subplots(figsize=(7, 3.2))
    for place, row in enumerate(reversed(data)):
        low, quarter, median, three_quarters, high = (float(row[key]) for key in ("q10", "q25", "median", "q75", "q90"))
        axis.plot([low, high], [place, place], color="0.6", linewidth=1)
        axis.plot([quarter, three_quarters], [place, place], color="C0", linewidth=6, solid_capstyle="butt")
        axis.plot([median], [place], color="black", marker="|", markersize=12)
    axis.set_yticks(range(len(data)), [LABELS[row["scheduler"]] for row in reversed(data)], fontsize=8)
    axis.set_xlabel("time to target, in full trainings (median, quartiles, 10 % to 90 %)")
    axis.set_xlim(left=0)
    figure.tight_layout()
    figure.savefig(folder / "time_to_target.svg", metadata={"Date": None})


def main():
    folder = pathlib.Path(sys.argv[1])
    stragglers(folder)
    time_to_target(folder)


if __name__ == "__main__":
    main()
