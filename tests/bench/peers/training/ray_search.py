import os
import random
import sys
import tempfile

import numpy as np
import ray
import torch
from lenet import SPACE, Training
from ray import tune
from ray.tune.schedulers import ASHAScheduler, PopulationBasedTraining
from ray.tune.schedulers.pb2 import PB2


def train(config):
    training, done = Training(config), 0
    if checkpoint := tune.get_checkpoint():
        with checkpoint.as_directory() as folder:
            saved = torch.load(os.path.join(folder, "state.pt"))
        training.load(saved["training"])
        done = saved["epoch"]
    for epoch in range(done + 1, 21):
        accuracy = training.epoch()
        with tempfile.TemporaryDirectory() as folder:
            torch.save({"training": training.state(), "epoch": epoch}, os.path.join(folder, "state.pt"))
            tune.report({"valid_accuracy": accuracy}, checkpoint=tune.Checkpoint.from_directory(folder))


class Epochs(tune.Stopper):
    left = 80

    def __call__(self, trial_id, result):
        self.left -= 1
        return result["training_iteration"] >= 20

    def stop_all(self):
        return self.left <= 0


arm, seed, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
random.seed(seed)
np.random.seed(seed)
space = {name: (tune.loguniform if log else tune.uniform)(low, high) for name, (low, high, log) in SPACE.items()}
bounds = {name: [low, high] for name, (low, high, log) in SPACE.items()}
schedulers = {
    "pbt": lambda: PopulationBasedTraining(perturbation_interval=1, hyperparam_mutations=space),
    "pb2": lambda: PB2(perturbation_interval=1, hyperparam_bounds=bounds),
    "asha": lambda: ASHAScheduler(max_t=20, grace_period=1, reduction_factor=3),
}
ray.init(num_cpus=2, include_dashboard=False)
tune.Tuner(
    train,
    param_space=space,
    tune_config=tune.TuneConfig(
        metric="valid_accuracy",
        mode="max",
        reuse_actors=True,
        scheduler=schedulers[arm](),
        num_samples=80 if arm == "asha" else 4,
    ),
    run_config=tune.RunConfig(storage_path=folder, stop=Epochs(), verbose=0),
).fit()
