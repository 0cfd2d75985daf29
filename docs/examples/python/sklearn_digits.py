"""Handwritten digits with a linear classifier of scikit-learn, for a Stemma search. Run it with: stemma run
sklearn_digits.toml

By itself, to try it: python3 sklearn_digits.py --try
"""

import pickle
import sys
import warnings

import numpy as np
import stemma
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss

images, digits = load_digits(return_X_y=True)  # 1797 images of 8 x 8; comes with scikit-learn
order = np.random.default_rng(1).permutation(len(digits))
train, valid, test = ((images[rows] / 16, digits[rows]) for rows in np.split(order, [1200, 1500]))


def loss(model, x, y):
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a model that diverges; Stemma ranks it last
        odds = model.predict_proba(x)
        return log_loss(y, np.clip(odds, 1e-15, 1), labels=model.classes_) if np.isfinite(odds).all() else float("nan")


def fit(trial):
    model = SGDClassifier(
        loss="log_loss", learning_rate="constant", eta0=1.0, shuffle=False
    )  # shuffled below, by the seed
    seed = trial.member_seed
    if (
        trial.start
    ):  # the model of this member, or of the parent that it goes on from, with the order in which that saw the rows
        with open(trial.start, "rb") as file:
            model, seed = pickle.load(file)
    model.set_params(eta0=trial["lr"], alpha=trial["alpha"], penalty=trial["penalty"])
    for unit in trial:
        rows = np.random.default_rng([seed, unit]).permutation(len(train[1]))
        model.partial_fit(train[0][rows], train[1][rows], classes=np.arange(10))
        trial.report(
            valid_loss=loss(model, *valid), valid_accuracy=model.score(*valid), test_accuracy=model.score(*test)
        )
    with open(trial.save_path, "wb") as file:
        pickle.dump((model, seed), file)


if __name__ == "__main__":  # not in processes that a data loader may start
    values = {"lr": 0.01, "alpha": 1e-4, "penalty": "l2"} if "--try" in sys.argv else None
    for trial in stemma.trials(mutable=["lr", "alpha", "penalty"], try_with=values, last=5):
        with trial:
            fit(trial)
