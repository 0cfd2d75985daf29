"""The shipped jobs for CIFAR-10 and the Penn Treebank, on small files of the same form, and without any."""

import math

import pytest
from harness import ROOT, USER_ERROR

from record import rows

SMALL = (
    "--set",
    "run.budget.members=2",
    "--set",
    "scheduler.min=1",
    "--set",
    "scheduler.max=3",
    "--set",
    "trainer.hypergradient.log_every=1",
    "--set",
    'run.output="small.h5"',
)


@pytest.fixture(autouse=True)
def with_torch(stemma):
    if "no LibTorch" in stemma("--version").stdout:
        pytest.skip("built without LibTorch")


def cifar(folder):
    folder.mkdir()
    for file in range(6):
        name = "test_batch.bin" if file == 5 else f"data_batch_{file + 1}.bin"
        records = [
            bytes([image % 10]) + bytes((image % 10 * 25 + pixel * 7 % 11) % 256 for pixel in range(3072))
            for image in range(20)
        ]
        (folder / name).write_bytes(b"".join(records))
    return folder


def treebank(folder):
    folder.mkdir()
    for name, lines in {"train": 300, "valid": 100, "test": 50}.items():
        text = (
            f" the {('dog', 'cat', 'bird')[line * line % 3]} {('eats', 'sees')[line % 2]} a fish \n"
            for line in range(lines)
        )
        (folder / f"ptb.{name}.txt").write_text("".join(text))
    return folder


def check_moved(stemma):
    epochs = rows(stemma, "small.h5", "units")
    moved = [row for row in epochs if row["hyper_steps"]]
    assert moved and all(row["hypergradient_norm"] >= 0 for row in moved)
    assert len({row["hyper_lr"] for row in moved}) > 2
    stemma("verify", "small.h5")
    return epochs


def test_resnet_on_cifar(stemma, tmp_path):
    stemma(
        "run",
        ROOT / "jobs/cifar10_hypergradient.toml",
        "-n",
        1,
        "-q",
        *SMALL,
        "--set",
        f'trainer.path="{cifar(tmp_path / "cifar")}"',
        "--set",
        "trainer.width=4",
        "--set",
        "trainer.valid=20",
        "--set",
        "trainer.batch_size=4",
    )
    epochs = check_moved(stemma)
    accuracies = [row["valid_accuracy"] for row in epochs if not math.isnan(row["valid_loss"] or math.nan)]
    assert accuracies and all(0 <= accuracy <= 1 for accuracy in accuracies)


def test_lstm_on_text(stemma, tmp_path):
    stemma(
        "run",
        ROOT / "jobs/ptb_hypergradient.toml",
        "-n",
        1,
        "-q",
        *SMALL,
        "--set",
        f'trainer.path="{treebank(tmp_path / "ptb")}"',
        "--set",
        "trainer.width=8",
        "--set",
        "trainer.batch_size=5",
        "--set",
        "trainer.sequence=5",
    )
    epochs = check_moved(stemma)
    measured = [row for row in epochs if not math.isnan(row["valid_loss"] or math.nan)]
    assert measured and all(row["valid_perplexity"] == pytest.approx(math.exp(row["valid_loss"])) for row in measured)


@pytest.mark.parametrize(
    "job, text", [("cifar10", "no data_batch_1.bin in"), ("ptb", "does not exist; name a plain text file")]
)
def test_absent_data_is_told_with_the_remedy(stemma, job, text):
    result = stemma(
        "check", ROOT / f"jobs/{job}_hypergradient.toml", "--set", 'trainer.path="nowhere"', code=USER_ERROR
    )
    assert text in result.stderr + result.stdout and "nowhere" in result.stderr + result.stdout
