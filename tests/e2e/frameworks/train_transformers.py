"""As in docs/frameworks.md: the Trainer of Hugging Face, with the callback."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"

import stemma
import torch
from stemma.integrations.transformers import StemmaCallback
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

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
        arguments = TrainingArguments(
            "out",
            seed=trial.seed(),
            learning_rate=trial["lr"],
            weight_decay=trial["weight_decay"],
            warmup_steps=2,
            per_device_train_batch_size=16,
            **quiet,
        )
        model = BertForSequenceClassification(config(trial))
        callback = StemmaCallback(trial, metrics={"valid_loss": "eval_loss"})
        trainer = Trainer(model, arguments, train_dataset=train_set, eval_dataset=valid_set, callbacks=[callback])
        trainer.train(resume_from_checkpoint=trial.start)
