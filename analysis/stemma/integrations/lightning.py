"""Lightning: a callback that trains a trial's epochs.

    for trial in stemma.trials():
        with trial:
            trial.seed()
            trainer = lightning.Trainer(callbacks=[StemmaCallback(trial)])
            trainer.fit(Module(trial), train_loader, valid_loader)

The snapshot is Lightning's own checkpoint. `Module.load_from_checkpoint()` reads it. It also has what Lightning leaves
out: every random stream, and what the optimizers were made with. So a child that adopts it keeps its own values.
"""

import copy

try:
    from lightning.pytorch import Callback
except ImportError:  # the same library under its other name
    from pytorch_lightning import Callback

from stemma import torch_snapshot

_OWN = "stemma"  # in Lightning's checkpoint


class StemmaCallback(Callback):
    """Counts epochs as units, reports the metrics that the job lists, goes on from the trial's snapshot, and leaves
    one. Sets the number of epochs: what Trainer(max_epochs=...) says does not matter.

    metrics  the job's name of a metric -> Lightning's, where they differ: {"valid_loss": "val/loss"}
    """

    def __init__(self, trial, metrics=None):
        self._trial = trial
        self._renamed = metrics or {}
        self._parts = {}
        self._seen = {}

    def setup(self, trainer, pl_module, stage):
        if stage != "fit":
            return
        if trainer.max_steps != -1:
            raise ValueError("StemmaCallback counts epochs: leave max_steps out of Trainer()")
        # configure_optimizers() comes next: trainer.estimated_stepping_batches is the length of a schedule.
        trainer.fit_loop.max_epochs = self._trial.max or self._trial.last
        trainer.fit_loop.min_epochs = 0

    def on_fit_start(self, trainer, pl_module):
        """All comes back here, because the loop draws the order of the rows before on_train_start()."""
        if trainer.ckpt_path:
            raise ValueError(
                "leave ckpt_path out of fit(): StemmaCallback loads the snapshot. Lightning would load the parent's "
                "hyperparameters, too"
            )
        trainer.fit_loop.max_epochs = self._trial.last
        self._parts = {f"optimizer{i}": part for i, part in enumerate(trainer.optimizers)}
        self._parts |= {f"scheduler{i}": one.scheduler for i, one in enumerate(trainer.lr_scheduler_configs)}
        torch_snapshot.begin(self._parts)
        if self._trial.start is not None:
            self._restore(trainer, pl_module, torch_snapshot.read(self._trial.start, "cpu"))

    def _restore(self, trainer, module, checkpoint):
        module.on_load_checkpoint(checkpoint)
        module.load_state_dict(checkpoint["state_dict"], strict=getattr(module, "strict_loading", True))
        trainer.fit_loop.load_state_dict(checkpoint["loops"]["fit_loop"])
        for other in trainer.callbacks:
            if other is not self:
                other.on_load_checkpoint(trainer, module, checkpoint)
                if other.state_key in checkpoint["callbacks"]:
                    other.load_state_dict(copy.deepcopy(checkpoint["callbacks"][other.state_key]))
        for part in filter(None, (trainer.precision_plugin, trainer.datamodule)):
            part.on_load_checkpoint(checkpoint)
            if type(part).__qualname__ in checkpoint:
                part.load_state_dict(checkpoint[type(part).__qualname__])
        torch_snapshot.take(self._trial, checkpoint[_OWN], self._parts)

    def on_save_checkpoint(self, trainer, pl_module, checkpoint):
        own = torch_snapshot.content(self._parts, self._trial)
        random = own["stemma"]["random"]
        if "numpy" in random:  # as plain numbers, so that torch.load(weights_only=True) reads the checkpoint
            name, keys, *more = random["numpy"]
            random["numpy"] = (name, keys.tolist(), *more)
        checkpoint[_OWN] = own

    def on_train_epoch_start(self, trainer, pl_module):
        self._report(trainer)  # of the epoch before, when all hooks have logged

    def on_train_epoch_end(self, trainer, pl_module):
        if self._trial.stops_at(trainer.current_epoch + 1):
            trainer.should_stop = True

    def on_train_end(self, trainer, pl_module):
        trial = self._trial
        self._report(trainer)
        if trainer.current_epoch < trial.last and not trial.stopped:
            raise ValueError(
                f"Lightning ended after epoch {trainer.current_epoch}, and was asked for {trial.last}: take other "
                "callbacks that end a training (EarlyStopping) out, because the search does that"
            )
        trainer.save_checkpoint(trial.save_path)

    def _report(self, trainer):
        epoch, now = trainer.current_epoch, dict(trainer.callback_metrics)
        new = {name: value for name, value in now.items() if self._seen.get(name) is not value}
        self._seen = now
        if epoch <= self._trial.at:  # the first epoch begins
            return
        wanted = self._trial.metrics or [*self._renamed, *(name for name in new if name not in self._renamed.values())]
        found = {name: self._renamed.get(name, name) for name in wanted}
        found = {name: new[own] for name, own in found.items() if own in new}
        if not found:
            raise ValueError(
                f"epoch {epoch}: none of the job's metrics ({', '.join(wanted)}) was logged. Lightning has "
                f"{', '.join(new) or 'none of this epoch'}: log them, or name them: StemmaCallback(trial, "
                'metrics={"valid_loss": "val/loss"})'
            )
        self._trial.report(at=epoch, **found)
