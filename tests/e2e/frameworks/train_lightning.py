"""As in docs/frameworks.md: Lightning, with the callback; as in docs/several-processes.md, with DDP where several
processes train a member together."""

import logging
import warnings

import lightning
import stemma
import torch
from stemma.integrations.lightning import StemmaCallback
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
        self.log("valid_loss", torch.nn.functional.mse_loss(self.net(batch[0]), batch[1]), sync_dist=True)

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(
            self.parameters(), lr=self.values["lr"], momentum=0.9, weight_decay=self.values["weight_decay"]
        )
        return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.7)]


train_set, valid_set = rows(64), rows(32)
for trial in stemma.trials():
    with trial:
        trial.seed()
        trainer = lightning.Trainer(
            callbacks=[StemmaCallback(trial)],
            accelerator="cpu",
            devices=trial.ranks,
            strategy="ddp" if trial.ranks > 1 else "auto",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(Module(trial), DataLoader(train_set, 16 // trial.ranks, shuffle=True), DataLoader(valid_set, 32))
