"""Hugging Face: a callback of its Trainer that trains a trial's epochs.

    for trial in stemma.trials():
        with trial:
            arguments = TrainingArguments("out", seed=trial.seed(), learning_rate=trial["lr"])
            trainer = Trainer(model_of(trial), arguments, ..., callbacks=[StemmaCallback(trial)])
            trainer.train(resume_from_checkpoint=trial.start)

The snapshot is the Trainer's checkpoint folder: `from_pretrained()` reads it. The optimizer and the scheduler lie in
its stemma.pt, because the Trainer would load their hyperparameters, too. A child that adopts it keeps its own values.
"""

import os
import shutil

from transformers import TrainerCallback

from stemma import torch_snapshot

_FILE = "stemma.pt"
_LOADED_WHOLE = ("optimizer.pt", "optimizer.bin", "scheduler.pt")


class StemmaCallback(TrainerCallback):
    """Counts epochs as units, evaluates after each one, reports the metrics that the job lists, and leaves the
    snapshot. Sets num_train_epochs to the largest resource of a member, so that a schedule has its whole length.

    metrics  the job's name of a metric -> the Trainer's, where they differ: {"valid_loss": "eval_loss"}
    """

    def __init__(self, trial, metrics=None):
        self._trial = trial
        self._renamed = metrics or {}
        self._saved, self._parts, self._sampler = None, {}, None
        self._logged = {}
        self._ends = False

    def on_init_end(self, args, state, control, **kwargs):
        if args.max_steps > 0:
            raise ValueError("StemmaCallback counts epochs: leave max_steps out of TrainingArguments()")
        if args.load_best_model_at_end:
            raise ValueError("leave load_best_model_at_end out: a member goes on from the last epoch of a training")
        args.num_train_epochs = self._trial.max or self._trial.last
        if self._trial.start is not None:  # here: a damaged one is told before the Trainer reads the folder
            self._saved = torch_snapshot.read(os.path.join(self._trial.start, _FILE), "cpu")

    def on_train_begin(self, args, state, control, optimizer=None, lr_scheduler=None, train_dataloader=None, **kwargs):
        trial = self._trial
        self._parts = {"optimizer": getattr(optimizer, "optimizer", optimizer)}
        self._parts["scheduler"] = getattr(lr_scheduler, "scheduler", lr_scheduler)
        self._sampler = _seeded_sampler(train_dataloader)
        torch_snapshot.begin(self._parts)
        if trial.start is None:
            return
        if state.global_step == 0:
            raise ValueError("the trial goes on from a snapshot: trainer.train(resume_from_checkpoint=trial.start)")
        steps = state.max_steps // args.num_train_epochs
        if state.global_step != steps * trial.first:
            raise ValueError(
                f"the snapshot has {state.global_step} steps in {trial.first} epochs, and an epoch of this trial has "
                f'{steps}: the Trainer goes on with the same batch size only. Say role = "fixed" in [space]'
            )
        rest = torch_snapshot.take(trial, self._saved, self._parts)
        if self._sampler is not None and rest["sampler"] is not None:
            self._sampler.initial_seed = rest["sampler"]

    def on_epoch_begin(self, args, state, control, **kwargs):
        self._report(round(state.epoch))  # of the epoch before

    def on_log(self, args, state, control, logs=None, **kwargs):
        self._logged.update(logs or {})

    def on_epoch_end(self, args, state, control, **kwargs):
        epoch = round(state.epoch)
        self._ends = epoch >= self._trial.last or self._trial.stops_at(epoch)
        control.should_log = True
        control.should_evaluate = self._evaluates()
        control.should_save = control.should_training_stop = self._ends

    def on_save(self, args, state, control, **kwargs):
        if not self._ends:
            return  # the script's own
        folder = os.path.join(args.output_dir, f"checkpoint-{state.global_step}")
        values = self._parts | {"sampler": getattr(self._sampler, "initial_seed", None)}
        torch_snapshot.save(os.path.join(folder, _FILE), values, self._trial)
        for name in _LOADED_WHOLE:
            if os.path.exists(os.path.join(folder, name)):
                os.unlink(os.path.join(folder, name))
        shutil.move(folder, self._trial.save_path)

    def on_train_end(self, args, state, control, **kwargs):
        trial = self._trial
        if not self._ends:
            raise ValueError(
                f"the Trainer ended after epoch {state.epoch:.2g}, and was asked for {trial.last}: take other "
                "callbacks that end a training (EarlyStoppingCallback) out, because the search does that"
            )
        self._report(round(state.epoch))

    def _evaluates(self):
        names = self._trial.metrics
        return names is None or any(self._renamed.get(name, name).startswith("eval_") for name in names)

    def _report(self, epoch):
        if epoch <= self._trial.at:  # the first epoch begins
            return
        names = self._trial.metrics or self._renamed or [name for name in self._logged if name.startswith("eval_")]
        found = {name: self._renamed.get(name, name) for name in names}
        found = {name: self._logged[own] for name, own in found.items() if own in self._logged}
        if not found:
            raise ValueError(
                f"epoch {epoch}: the Trainer logged none of the job's metrics ({', '.join(names)}), but "
                f"{', '.join(self._logged) or 'nothing'}: call one of these so in the job, or name it: "
                'StemmaCallback(trial, metrics={"valid_loss": "eval_loss"})'
            )
        self._logged = {}
        self._trial.report(at=epoch, **found)


def _seeded_sampler(loader):
    """Accelerate's sampler, which draws the order of the rows by a seed and the epoch. A child needs its parent's."""
    for part in (getattr(getattr(loader, "batch_sampler", None), "sampler", None), getattr(loader, "sampler", None)):
        if hasattr(part, "initial_seed"):
            return part
    return None
