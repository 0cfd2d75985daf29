"""Small jobs of each kind, over analytic learning curves."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

SPACE = """
[metric]
name = "valid_loss"
direction = "minimize"
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
    "asha": """[run]
name = "asha"
[run.budget]
members = 40
[scheduler]
type = "asha"
min = 1
max = 27
""",
    "hyperband": """[run]
name = "hyperband"
[run.budget]
epochs = 150
[scheduler]
type = "hyperband"
min = 1
max = 9
""",
    "random": """[run]
name = "random"
[run.budget]
members = 20
[scheduler]
type = "random"
max = 5
""",
    "pbt": """[run]
name = "pbt"
[scheduler]
type = "pbt"
population = 8
interval = 2
max = 16
""",
    "gpbt": """[run]
name = "gpbt"
[scheduler]
type = "gpbt"
children = 8
ratio = 4
interval = 2
max = 12
[sampler]
type = "tpe"
""",
    "failing": """[run]
name = "failing"
[run.budget]
members = 30
[scheduler]
type = "asha"
min = 1
max = 9
""",
}
