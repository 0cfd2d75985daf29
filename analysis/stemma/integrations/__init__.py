"""Stemma inside other libraries, one module each: lightning, transformers, hydra, gest, tensorboard, mlflow. Import the
one that you need: `from stemma.integrations.lightning import StemmaCallback`."""
