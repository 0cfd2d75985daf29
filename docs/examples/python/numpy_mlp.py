"""A two-layer network in NumPy, trained for a Stemma search. Run it with: stemma run numpy_mlp.toml

By itself, to try it: python3 numpy_mlp.py --try
"""

import sys

import numpy as np
import stemma


def data(rows, seed):
    """A regression that no line fits: y = sin(3 a) + b^2 - a c, with noise."""
    draw = np.random.default_rng(seed)
    x = draw.uniform(-1, 1, (rows, 3))
    return x, np.sin(3 * x[:, 0]) + x[:, 1] ** 2 - x[:, 0] * x[:, 2] + 0.05 * draw.standard_normal(rows)


class Network:
    def __init__(self, width, rng):
        self.weights = {
            "w1": rng.standard_normal((3, width)) / 2,
            "b1": np.zeros(width),
            "w2": rng.standard_normal(width) / np.sqrt(width),
            "b2": np.zeros(1),
        }
        self.momenta = {name: np.zeros_like(value) for name, value in self.weights.items()}

    def loss(self, x, y):
        return float(np.mean((self._forward(x)[1] - y) ** 2))

    def _forward(self, x):
        hidden = np.tanh(x @ self.weights["w1"] + self.weights["b1"])
        return hidden, hidden @ self.weights["w2"] + self.weights["b2"][0]

    def step(self, x, y, lr, momentum):
        hidden, out = self._forward(x)
        error = 2 * (out - y) / len(y)
        back = np.outer(error, self.weights["w2"]) * (1 - hidden**2)
        gradients = {"w1": x.T @ back, "b1": back.sum(0), "w2": hidden.T @ error, "b2": error.sum(keepdims=True)}
        for name, gradient in gradients.items():
            self.momenta[name] = momentum * self.momenta[name] + gradient
            self.weights[name] -= lr * self.momenta[name]


def train(trial, train_set, valid_set, test_set):
    rng = np.random.default_rng(trial.member_seed)
    network = Network(trial["width"], rng)
    if trial.start:
        with np.load(trial.start, allow_pickle=True) as saved:
            network.weights = {name: saved["weights/" + name] for name in network.weights}
            network.momenta = {name: saved["momenta/" + name] for name in network.momenta}
            rng.bit_generator.state = saved["rng"].item()
    x, y = train_set
    for _ in trial:
        order = rng.permutation(len(y))
        for rows in np.array_split(order, len(y) // trial["batch_size"]):
            network.step(x[rows], y[rows], trial["lr"], trial["momentum"])
        trial.report(valid_loss=network.loss(*valid_set), test_loss=network.loss(*test_set))
    parts = {"weights/" + name: value for name, value in network.weights.items()}
    parts |= {"momenta/" + name: value for name, value in network.momenta.items()}
    with open(trial.save_path, "wb") as file:
        np.savez(file, rng=np.array(rng.bit_generator.state), **parts)


if __name__ == "__main__":  # not in processes that a data loader may start
    sets = data(1000, 1), data(300, 2), data(300, 3)
    values = {"width": 16, "batch_size": 50, "lr": 0.05, "momentum": 0.9} if "--try" in sys.argv else None
    for trial in stemma.trials(mutable=["lr", "momentum", "batch_size"], try_with=values, last=5):
        with trial:
            train(trial, *sets)
