import stemma
from lenet import Training

for trial in stemma.trials():
    with trial:
        trial.seed()
        training = Training(trial)
        trial.restore(model=training.model, optimizer=training.optimizer)
        for _ in trial:
            trial.report(valid_accuracy=training.epoch())
