"""As in docs/frameworks.md: the Trainer of Hugging Face, with an optimizer and a scheduler that trial.restore() knows."""

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


def config(trial):
    return BertConfig(
        vocab_size=100,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        hidden_dropout_prob=trial["dropout"],
    )


train_set, valid_set = rows(64), rows(32)
quiet = {"save_strategy": "no", "report_to": [], "disable_tqdm": True, "use_cpu": True}
for trial in stemma.trials():
    with trial:
        trial.seed()
        model = BertForSequenceClassification(config(trial))
        optimizer = torch.optim.AdamW(model.parameters(), lr=trial["lr"], weight_decay=trial["weight_decay"])
        scheduler = get_linear_schedule_with_warmup(optimizer, 2, trial.max * len(train_set) // 16)
        arguments = TrainingArguments(
            "out", num_train_epochs=1, per_device_train_batch_size=16, seed=trial.member_seed, **quiet
        )
        trainer = Trainer(
            model, arguments, train_dataset=train_set, eval_dataset=valid_set, optimizers=(optimizer, scheduler)
        )
        parts = {"model": model, "optimizer": optimizer, "scheduler": scheduler}
        trial.restore(**parts)  # after Trainer(), which seeds
        for _ in trial:
            trainer.train()
            trial.report(valid_loss=trainer.evaluate()["eval_loss"])
