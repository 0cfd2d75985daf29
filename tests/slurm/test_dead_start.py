"""A rank that dies before it enters MPI, under a launcher that lets the other ranks wait for it."""

import pytest

from record import rows


@pytest.mark.long
def test_a_rank_dies_in_its_start_and_the_step_starts_again(cluster, stemma):
    once = stemma.folder / "once"
    wrapper = stemma.folder / "wrapper"
    wrapper.write_text(
        "#!/bin/sh\n"
        f'if [ "$OMPI_COMM_WORLD_RANK" = 2 ] && mkdir {once} 2>/dev/null; then kill -9 $$; fi\n'
        f'exec {stemma.binary} "$@"\n'
    )
    wrapper.chmod(0o755)
    words = ("toy.toml", "-o", "toy.h5", "--set", "workers.start_timeout=10s", "--set", "workers.lost_after=20s")
    job = cluster.submit(
        *words, options=("--nodes=1", "--ntasks-per-node=4", "--time=5"), STEMMA_LAUNCHER="mpirun", STEMMA=wrapper
    )
    cluster.wait_for_state(job, "COMPLETED")

    log = cluster.log(job)
    assert "workers.start_timeout" in log and "starting them again" in log
    assert cluster.restarts(job) == 0, "in the same allocation"
    assert once.exists()
    assert len(rows(stemma, "toy.h5", "members")) == 40
