import sys

import optuna
from lenet import SPACE, Training
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend


def objective(trial):
    training = Training(
        {name: trial.suggest_float(name, low, high, log=log) for name, (low, high, log) in SPACE.items()}
    )
    for epoch in range(1, 21):
        accuracy = training.epoch()
        trial.report(accuracy, epoch)
        if sum(len(one.intermediate_values) for one in trial.study.get_trials(deepcopy=False)) >= 80:
            trial.study.stop()
            break
        if trial.should_prune():
            raise optuna.TrialPruned
    return accuracy


folder, seed = sys.argv[1], int(sys.argv[2])  # two processes with one journal, each with a seed of its own
study = optuna.create_study(
    study_name="lenet",
    direction="maximize",
    load_if_exists=True,
    storage=JournalStorage(JournalFileBackend(f"{folder}/journal.log")),
    sampler=optuna.samplers.TPESampler(seed=seed),
    pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3),
)
study.optimize(objective)
