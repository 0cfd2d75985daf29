"""Small jobs of each kind, over analytic learning curves."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

SPACE = """
[metric]
name = "valid_loss"
direction = "minimise"
[space.lr]
type = "real"
low = 1e-5
high = 1.0
scale = "log"
[space.activation]
type = "categorical"
choices = ["relu", "tanh", "gelu"]
role = "fixed"
[space.momentum]
type = "real"
low = 0.0
high = 0.99
when = { activation = ["relu", "tanh"] }
[space.width]
type = "integer"
low = 8
high = 512
scale = "log"
role = "fixed"
[trainer]
type = "toy"
cost = "1ms"
"""

JOBS = {
    "asha": '[run]\nname = "asha"\n[run.budget]\nmembers = 40\n[scheduler]\ntype = "asha"\nmin = 1\nmax = 27\n',
    "hyperband": '[run]\nname = "hyperband"\n[run.budget]\nepochs = 150\n[scheduler]\ntype = "hyperband"\nmin = 1\nmax = 9\n',
    "random": '[run]\nname = "random"\n[run.budget]\nmembers = 20\n[scheduler]\ntype = "random"\nmax = 5\n',
    "pbt": '[run]\nname = "pbt"\n[scheduler]\ntype = "pbt"\npopulation = 8\ninterval = 2\nmax = 16\n',
    "gpbt": '[run]\nname = "gpbt"\n[scheduler]\ntype = "gpbt"\nchildren = 8\nratio = 4\ninterval = 2\nmax = 12\n[sampler]\ntype = "tpe"\n',
    "failing": '[run]\nname = "failing"\n[run.budget]\nmembers = 30\n[scheduler]\ntype = "asha"\nmin = 1\nmax = 9\n',
}
