"""As in docs/frameworks.md: the Trainer of Hugging Face, with an optimizer and a scheduler that load_torch knows."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"

import stemma
import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    Trainer,
    TrainingArguments,
    get_linear_schedule_with_warmup,
)

draw = torch.Generator().manual_seed(1)


def rows(count):
    words = torch.randint(5, 100, (count, 12), generator=draw)
    return [
        {"input_ids": row, "attention_mask": torch.ones_like(row), "labels": int((row > 50).sum() > 6)} for row in words
    ]


def config(lease):
    return BertConfig(
        vocab_size=100,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        hidden_dropout_prob=lease["dropout"],
    )


train_set, valid_set = rows(64), rows(32)
quiet = {"save_strategy": "no", "report_to": [], "disable_tqdm": True, "use_cpu": True}
for lease in stemma.leases():
    with lease:
        stemma.seed(lease)
        model = BertForSequenceClassification(config(lease))
        optimizer = torch.optim.AdamW(model.parameters(), lr=lease["lr"], weight_decay=lease["weight_decay"])
        scheduler = get_linear_schedule_with_warmup(optimizer, 2, lease.max * len(train_set) // 16)
        arguments = TrainingArguments(
            "out", num_train_epochs=1, per_device_train_batch_size=16, seed=lease.seed, **quiet
        )
        trainer = Trainer(
            model, arguments, train_dataset=train_set, eval_dataset=valid_set, optimizers=(optimizer, scheduler)
        )
        parts = {"model": model, "optimizer": optimizer, "scheduler": scheduler}
        stemma.load_torch(lease, **parts)  # after Trainer(), which seeds
        for _ in lease:
            trainer.train()
            lease.progress(valid_loss=trainer.evaluate()["eval_loss"])
        stemma.save_torch(lease, **parts)
        lease.report()
