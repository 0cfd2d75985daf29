"""Hydra finds its plugins in the folder hydra_plugins, which has no __init__.py: many packages share it."""
