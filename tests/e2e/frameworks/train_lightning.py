"""As in docs/frameworks.md: Lightning, with a snapshot of Stemma's own."""

import logging
import warnings

import lightning
import stemma
import torch
from torch.utils.data import DataLoader, TensorDataset

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
warnings.simplefilter("ignore")
draw = torch.Generator().manual_seed(1)


def rows(count):
    x = torch.randn(count, 5, generator=draw)
    return TensorDataset(x, x.pow(2).sum(1, keepdim=True))


class Module(lightning.LightningModule):
    def __init__(self, values):
        super().__init__()
        self.values = values
        self.net = torch.nn.Sequential(
            torch.nn.Linear(5, 16), torch.nn.ReLU(), torch.nn.Dropout(values["dropout"]), torch.nn.Linear(16, 1)
        )

    def training_step(self, batch, at):
        return torch.nn.functional.mse_loss(self.net(batch[0]), batch[1])

    def validation_step(self, batch, at):
        self.log("valid_loss", torch.nn.functional.mse_loss(self.net(batch[0]), batch[1]))

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(
            self.parameters(), lr=self.values["lr"], momentum=0.9, weight_decay=self.values["weight_decay"]
        )
        return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.7)]


class Snapshots(lightning.Callback):
    def __init__(self, trial):
        self.trial = trial

    def parts(self, trainer):
        return {
            "model": trainer.lightning_module,
            "optimizer": trainer.optimizers[0],
            "scheduler": trainer.lr_scheduler_configs[0].scheduler,
        }

    def on_fit_start(self, trainer, module):
        self.trial.restore(**self.parts(trainer))

    def on_train_epoch_end(self, trainer, module):
        self.trial.report(
            at=self.trial.first + trainer.current_epoch + 1, valid_loss=trainer.callback_metrics["valid_loss"]
        )
        trainer.should_stop = self.trial.stopped


train_set, valid_set = rows(64), rows(32)
for trial in stemma.trials():
    with trial:
        trial.seed()
        quiet = {
            "logger": False,
            "enable_checkpointing": False,
            "enable_progress_bar": False,
            "enable_model_summary": False,
        }
        trainer = lightning.Trainer(
            max_epochs=trial.last - trial.first,
            callbacks=[Snapshots(trial)],
            num_sanity_val_steps=0,
            accelerator="cpu",
            **quiet,
        )
        trainer.fit(Module(trial), DataLoader(train_set, 16, shuffle=True), DataLoader(valid_set, 32))
