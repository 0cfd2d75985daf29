"""As in docs/frameworks.md: Keras, whose weight files hold the learning rate but not the state of dropout."""

import os
import shutil

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy
import stemma

draw = numpy.random.default_rng(1)


def rows(count):
    x = draw.normal(size=(count, 5))
    return x, (x**2).sum(1, keepdims=True)


def build(dropout):
    layers = keras.layers
    return keras.Sequential([keras.Input((5,)), layers.Dense(16, "relu"), layers.Dropout(dropout), layers.Dense(1)])


train_set, valid_set = rows(64), rows(32)
for trial in stemma.trials():
    with trial:
        keras.utils.set_random_seed(trial.member_seed)
        model = build(trial["dropout"])
        model.compile(keras.optimizers.SGD(trial["lr"], momentum=0.9, weight_decay=trial["weight_decay"]), "mse")
        model.optimizer.build(model.trainable_variables)
        weights = trial.save_path + ".weights.h5"
        if trial.start:
            shutil.copy(trial.start, weights)
            try:
                model.load_weights(weights)
            except OSError as error:
                raise stemma.SnapshotUnavailable(str(error)) from error
            model.optimizer.learning_rate = trial["lr"]
        model.evaluate(*valid_set, verbose=0)  # the first call draws at random
        for epoch in trial:
            keras.utils.set_random_seed(trial.run_seed + epoch)
            for layer in model.layers:
                if hasattr(layer, "seed_generator"):
                    layer.seed_generator.state.assign([trial.run_seed, epoch])
            model.fit(*train_set, batch_size=16, initial_epoch=epoch - 1, epochs=epoch, verbose=0)
            trial.report(valid_loss=model.evaluate(*valid_set, verbose=0))
        model.save_weights(weights)
        os.replace(weights, trial.save_path)
