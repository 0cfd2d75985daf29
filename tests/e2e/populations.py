"""The small job of the harness with population methods: members take over weights and hyperparameters from others."""

from harness import JOB

ASHA = 'type = "asha"\nmin = 1\nmax = 27\neta = 3'
PBT = JOB.replace("members = 40", "members = 100").replace(
    ASHA, 'type = "pbt"\npopulation = 8\ninterval = 2\nmax = 20\nbacktrack_after = 2'
)
GPBT = JOB.replace("members = 40", "members = 100").replace(ASHA, 'type = "gpbt"\nchildren = 8\ninterval = 2\nmax = 16')
TPE, GP = '\n[sampler]\ntype = "tpe"\n', '\n[sampler]\ntype = "gp"\n'
