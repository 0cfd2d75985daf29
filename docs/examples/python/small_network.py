"""A small network in plain Python, trained for a Stemma search. Run it with: stemma run small_network.toml

By itself, to try it: python3 small_network.py --try
"""

import math
import random
import sys

import stemma


def data(count, seed):
    """Points of a curve, with noise."""
    draw = random.Random(seed)
    return [(x, math.sin(3 * x) + x * x + draw.gauss(0, 0.05)) for x in (draw.uniform(-1, 1) for _ in range(count))]


class Model:
    """One hidden layer. What state_dict() returns is the snapshot."""

    def __init__(self, width):
        self.weights = [[random.gauss(0, 1) for _ in range(3)] for _ in range(width)]  # in, bias, out
        self.steps = [[0.0] * 3 for _ in range(width)]

    def state_dict(self):
        return {"weights": self.weights, "steps": self.steps}

    def load_state_dict(self, state):
        self.weights, self.steps = state["weights"], state["steps"]

    def predict(self, x):
        return sum(out * math.tanh(weight * x + bias) for weight, bias, out in self.weights)

    def train(self, rows, lr, momentum):
        for x, y in random.sample(rows, len(rows)):
            error = self.predict(x) - y
            for unit, step in zip(self.weights, self.steps):
                hidden = math.tanh(unit[0] * x + unit[1])
                back = error * unit[2] * (1 - hidden * hidden)
                for i, slope in enumerate((back * x, back, error * hidden)):
                    step[i] = momentum * step[i] - lr * slope
                    unit[i] += step[i]

    def loss(self, rows):
        errors = [self.predict(x) - y for x, y in rows]
        return sum(error * error for error in errors) / len(errors)


def train(trial):
    trial.seed()
    model = Model(trial["width"])
    trial.restore(model=model)  # goes on from a snapshot, if there is one
    for _ in trial:  # the epochs of this training
        model.train(train_rows, trial["lr"], trial["momentum"])
        trial.report(valid_loss=model.loss(valid_rows), test_loss=model.loss(test_rows))


if __name__ == "__main__":
    train_rows, valid_rows, test_rows = data(200, 1), data(100, 2), data(100, 3)
    values = {"width": 8, "lr": 0.05, "momentum": 0.5} if "--try" in sys.argv else None
    stemma.run_trials(train, try_with=values, last=5)
