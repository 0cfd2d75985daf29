"""2, 3 and 5 ranks: the same seed and the same log give the same decisions."""

import pytest
from harness import JOB
from populations import ASHA, GP, GPBT, PBT, TPE

from record import rows

# One parent, whose children are trained one after another: there is only one order, with any number of workers.
# Founders are trained at the same time. With patience one of them could be left behind.
IN_STEP = JOB.replace("members = 40", "members = 100").replace(
    ASHA, 'type = "gpbt"\nchildren = 5\nratio = 5\ninterval = 2\nmax = 12\nsequential = true\npatience = 0'
)


def ran(stemma, mpi, job, text, ranks):
    job.write_text(text)
    file = f"{ranks}.h5"
    mpi(ranks, "run", job, "-q", "--output", file)
    return file


@pytest.mark.parametrize("ranks", [2, 3, 5])
@pytest.mark.parametrize("text", [PBT, GPBT + TPE, GPBT + GP], ids=["pbt", "gpbt-tpe", "gpbt-gp"])
def test_one_process_decides_from_the_log_as_the_ranks_did(stemma, mpi, job, text, ranks):
    file = ran(stemma, mpi, job, text, ranks)
    said = stemma("verify", file).stdout
    assert "every decision is the same" in said
    assert "equal (recorded on this CPU and build)" in said


def test_in_step_any_number_of_ranks_searches_the_same(stemma, mpi, job):
    runs = []
    for ranks in (2, 3, 5):
        file = ran(stemma, mpi, job, IN_STEP + TPE, ranks)
        members = [
            {key: value for key, value in row.items() if key not in ("sequence", "time")}
            for row in rows(stemma, file, "members")
        ]
        reports = sorted((row["member"], row["resource"], row["valid_loss"]) for row in rows(stemma, file, "reports"))
        runs.append((members, reports))
    assert len(runs[0][0]) == 3 * 5 + 5 * 5  # founders, and five generations of children
    assert runs[1] == runs[0]
    assert runs[2] == runs[0]


def test_founders_but_the_last_are_random_draws(stemma, job):
    """The model has reports to compare when it makes its first proposal, in any order of reports."""
    drawn = {}
    for sampler in ("random", "tpe"):
        job.write_text(IN_STEP)
        stemma("run", job, "-n", 1, "-q", "--set", f"sampler.type={sampler}", "--output", f"{sampler}.h5")
        drawn[sampler] = [row["configuration"] for row in rows(stemma, f"{sampler}.h5", "members")]
    assert drawn["tpe"][:10] == drawn["random"][:10]
    assert all(own != random for own, random in zip(drawn["tpe"][10:15], drawn["random"][10:15]))
