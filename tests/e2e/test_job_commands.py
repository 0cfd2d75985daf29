"""check, preview, simulate, selfcheck: commands that work without a run file, and their answers to mistakes."""

import re
from pathlib import Path

import pytest
from harness import JOB, ROOT, USER_ERROR

from record import rows

IMAGES = Path("/usr/share/datasets/fashion-mnist")


def test_check_accepts_the_job(stemma, job):
    assert "no errors" in stemma("check", job).stdout


def jobs_that_come_along():
    """Except the jobs on data that may not be redistributed: test_large_networks.py runs them on generated data."""
    return [path for path in sorted((ROOT / "jobs").glob("*.toml")) if 'path = "../data/' not in path.read_text()]


@pytest.mark.parametrize("path", jobs_that_come_along(), ids=lambda path: path.stem)
def test_jobs_that_come_along_run_and_verify(stemma, path, tmp_path):
    text = path.read_text()
    if 'data = "fashion_mnist"' in text and not IMAGES.exists():
        pytest.skip("needs the package dataset-fashion-mnist")
    images, population = 'data = "fashion_mnist"' in text, re.search(r'^type = "g?pbt"', text, re.MULTILINE)
    few = ["--set", "trainer.train_rows=1000"] if images else []
    if images and population:
        few += ["--set", "trainer.batch_size=50"]  # an epoch is more than one update, so that children get further
    reports = 6 if not population else 20 if images else 60  # more than founders
    run_file = tmp_path / "run.h5"

    stemma("check", path)
    told = stemma(
        "run", path, "-n", "2", "--quiet", "--set", f"run.budget.reports={reports}", *few, "--output", run_file
    ).stdout

    if population:
        born = {row["member"]: row["cause"] for row in rows(stemma, run_file, "members")}
        assert {"adoption", "exploit"} & set(born.values())
        if born[int(re.search(r"^best member: (\d+)", told, re.MULTILINE)[1])] != "sampled":
            assert re.search(r"^[*★] \d+ +(adoption|exploit)", told, re.MULTILINE), told  # the best lineage's tree
            assert (
                re.search(r"^from +to +member +born by", told, re.MULTILINE)
                and "stages; * differs from the stage before" in told
            ), told
    assert "every decision is the same" in stemma("verify", run_file).stdout
    assert len(rows(stemma, run_file, "reports")) >= 6


def test_check_names_every_mistake_with_its_place(stemma, job):
    job.write_text(
        JOB.replace("eta = 3", "etaa = 3")
        .replace('direction = "minimize"', 'direction = "minimze"')
        .replace("seed = 7", "seed = -7")
    )

    text = stemma("check", job, code=USER_ERROR).stderr

    for expected in (
        f"{job.name}:3:",
        "run.seed",
        "etaa",
        'did you mean "eta"',
        'did you mean "minimize"',
        "metric.direction",
    ):
        assert expected in text, f"{expected} is not in:\n{text}"


def test_check_explains_a_section(stemma):
    text = stemma("check", "--explain", "scheduler.asha").stdout

    assert "eta" in text and "early_stopping_rate" in text


def test_a_job_that_is_not_there(stemma):
    assert "nowhere.toml" in stemma("check", "nowhere.toml", code=USER_ERROR).stderr


def test_unknown_commands_and_options_are_user_errors(stemma, job):
    stemma("chek", job, code=USER_ERROR)
    stemma("run", job, "--no-such-option", code=USER_ERROR)
    stemma(code=USER_ERROR)


def test_preview_shows_the_rungs(stemma, job):
    text = stemma("preview", job, "-n", 4).stdout

    for resource in ("1", "3", "9", "27"):
        assert resource in text.split()


def test_preview_of_pasha_shows_all_rungs_that_it_may_unlock(stemma, job):
    asha = stemma("preview", job, "-n", 4).stdout.splitlines()
    pasha = stemma("preview", job, "-n", 4, "--set", "scheduler.type=pasha").stdout.splitlines()

    assert pasha[0] == "PASHA: eta 3, rungs 1 3 9 27, unlocked up to 3"
    assert len(pasha) == len(asha)
    for mine, other in zip(pasha[1:], asha[1:], strict=True):
        # PASHA keeps fewer snapshots of promotable members: its rungs are unlocked one after another.
        assert mine == other or mine.startswith("snapshots that outlive a kill"), "at most what ASHA does"


def test_preview_shows_policy_and_cost_of_snapshots_that_outlive_workers(stemma, job):
    text = stemma("preview", job, "-n", 4).stdout
    assert "on disk: about" in text and '(workers.durable = "promotable")' in text
    assert 'in the memory of a second one: none (workers.replicated = "none")' in text

    text = stemma(
        "preview",
        job,
        "-n",
        4,
        "--time",
        "--set",
        "workers.durable=none",
        "--set",
        "workers.replicated=all",
        "--set",
        "trainer.cost=1ms",
        "--set",
        "trainer.state_bytes=1MiB",
    ).stdout
    assert 'on disk: none (workers.durable = "none")' in text
    reports = int(re.search(r"(\d+) reports\n", text)[1])
    copied = int(re.search(r"second one: about (\d+) of (\d+) reports", text)[1])
    # The best, and each member that may go on. A snapshot that is replaced before its turn is not copied.
    assert 0.5 * reports < copied <= reports
    assert re.search(r"\d MiB in all; each worker sends and receives .* for each second that it trains", text), text
    assert not list(stemma.folder.glob("**/.stemma-preview*")), "the timed copy is removed"

    alone = stemma("preview", job, "-n", 1, "--set", "workers.replicated=all").stdout
    assert "with one worker there is no second one to keep copies" in alone


def test_preview_counts_the_reports_of_a_population(stemma):
    text = stemma("preview", ROOT / "jobs/pbt.toml", "-n", 2).stdout
    assert "400 epochs of training, 200 reports\n" in text  # 10 slots, every 2 of 40 epochs
    assert 0 < int(re.search(r"on disk: about (\d+) of 200 reports", text)[1]) <= 200
    periods = stemma("preview", ROOT / "jobs/pbt.toml", "-n", 2, "--set", "scheduler.periods=[1, 3]").stdout
    assert f"{5 * 20 + 5 * 7} reports\n" in periods


@pytest.mark.parametrize("limit, share", [("epochs=100", 25), ("reports=20", 10), ("members=5", 50)])
def test_preview_says_that_the_budget_ends_a_population_before(stemma, limit, share):
    text = stemma("preview", ROOT / "jobs/pbt.toml", "-n", 2, "--set", f"run.budget.{limit}").stdout
    name, value = limit.split("=")
    assert f"run.budget.{name} = {value} ends it before, after about {share} % of that\n" in text
    assert f"of {200 * share // 100} reports" in text


def test_preview_of_a_budget_that_is_enough_says_nothing_of_it(stemma):
    assert "ends it" not in stemma("preview", ROOT / "jobs/pbt.toml", "-n", 2, "--set", "run.budget.epochs=400").stdout


def test_preview_names_a_bound_on_the_reports_of_a_population(stemma):
    text = stemma("preview", ROOT / "jobs/pbt.toml", "-n", 2).stdout
    assert "never more than 400 reports, those for members that die included\n" in text


@pytest.fixture
def unstopped(job):
    """Every member is trained to the end."""
    job.write_text(job.read_text().replace('type = "asha"\nmin = 1\nmax = 27\neta = 3', 'type = "random"\nmax = 10'))
    return job


def test_preview_knows_the_size_of_a_grid(stemma, unstopped):
    """The number of trainings that the run makes."""
    job, grid = (
        unstopped,
        ["--set", "sampler.type=grid", "--set", "sampler.points=3", "--set", "run.budget.members=1000"],
    )
    text = stemma("preview", job, "-n", 2, *grid).stdout
    total = re.search(r"total work: (\d+) steps of training, (\d+) reports", text)
    stemma("run", job, "-q", "-n", 2, *grid, "-o", "grid_of_three.h5")
    reports = rows(stemma, "grid_of_three.h5", "reports")
    assert int(total[2]) == len(reports) < 1000
    assert int(total[1]) == sum(row["resource"] for row in reports)
    assert "does not fix the number of members" not in text


def test_preview_knows_a_budget_too_small_for_one_training(stemma, unstopped):
    job, small = unstopped, ["--set", "run.budget={ steps = 5 }"]
    text = stemma("preview", job, "-n", 1, *small).stdout
    assert "run.budget.steps = 5 ends it before, after about 50 % of that" in text
    stemma("run", job, "-q", "-n", 1, *small, "-o", "small.h5")
    assert [row["resource"] for row in rows(stemma, "small.h5", "reports")] == [5]


def test_nothing_allowed_leaves_no_file(stemma, job):
    (stemma.folder / "none.toml").write_text(
        job.read_text() + '[space.a_choice]\ntype = "categorical"\nchoices = [1, 2]\n[[forbidden]]\na_choice = [1, 2]\n'
    )
    for command in (["check"], ["preview"], ["run", "-q", "-o", "none.h5"]):
        answer = stemma(command[0], "none.toml", *command[1:], code=USER_ERROR)
        assert "no configuration is allowed" in answer.stderr
    assert not (stemma.folder / "none.h5").exists()


def test_few_allowed_configurations_do_not_end_a_search(stemma, job):
    """One of 2,000 combinations of choices is allowed."""
    space, forbidden = "", ""
    for name, count in (("a1", 10), ("a2", 10), ("a3", 20)):
        space += f'[space.{name}]\ntype = "categorical"\nchoices = {list(range(count))}\n'
        forbidden += f"[[forbidden]]\n{name} = {list(range(1, count))}\n"
    (stemma.folder / "few.toml").write_text(job.read_text() + space + forbidden)
    for sampler in ("random", "sobol", "tpe"):
        stemma(
            "run",
            "few.toml",
            "-q",
            "-n",
            1,
            "--set",
            "run.budget.members=300",
            "--set",
            f"sampler.type={sampler}",
            "-o",
            f"few_{sampler}.h5",
        )
        members = rows(stemma, f"few_{sampler}.h5", "members")
        assert len(members) == 300
        assert {
            (row["configuration"]["a1"], row["configuration"]["a2"], row["configuration"]["a3"]) for row in members
        } == {(0, 0, 0)}


def test_preview_warns_of_workers_without_work(stemma):
    """A population that is smaller than the number of workers cannot keep the workers busy."""
    gpbt, pbt = ROOT / "jobs/fashion_mnist_gpbt.toml", ROOT / "jobs/pbt.toml"
    assert "warning" not in stemma("preview", gpbt, "-n", 4).stdout
    text = stemma("preview", gpbt, "-n", 6).stdout
    assert "2 of them have nothing to do: with scheduler.children = 4 no more than 4 train at a time" in text
    assert "snapshots of members that may go on: up to 5 at a time" in text  # four children and their parent
    text = stemma("preview", gpbt, "-n", 6, "--set", "scheduler.preset=published").stdout
    assert "5 of them have nothing to do: with scheduler.sequential = true no more than 1 train" in text
    assert "1 of them have nothing to do: with scheduler.population = 10 no" in stemma("preview", pbt, "-n", 11).stdout
    assert "warning" not in stemma("preview", ROOT / "jobs/toy_asha.toml", "-n", 500).stdout


def test_one_worker_is_told_that_nothing_is_replicated(stemma, job):
    assert "with one worker" in stemma("run", job, "-n", 1, "--set", "workers.replicated=all").stderr
    assert (
        "with one worker"
        not in stemma("run", job, "-n", 2, "--set", "workers.replicated=all", "--output", "two.h5").stderr
    )


def test_numbers_of_options_are_finite(stemma, job):
    for words in (
        ["--unit-seconds", "nan"],
        ["--unit-seconds", "0"],
        ["--unit-seconds", "inf"],
        ["--message-seconds", "-1"],
        ["--message-seconds", "nan"],
    ):
        assert f"{words[0]}: must be a number >" in stemma("simulate", job, *words, code=USER_ERROR).stderr
    assert "not in range" in stemma("run", job, "-n", 100000, code=USER_ERROR).stderr


def test_a_table_of_a_million_generations_is_cut(stemma):
    (stemma.folder / "long.toml").write_text(
        JOB.replace('type = "asha"', 'type = "gpbt"')
        .replace("max = 27\neta = 3", "max = 1000000")
        .replace("min = 1\n", "")
    )
    text = stemma("preview", "long.toml").stdout
    assert "... 999960 more" in text and len(text.splitlines()) < 60


def test_a_grid_does_not_train_a_given_point_twice(stemma):
    space = '[space.c]\ntype = "categorical"\nchoices = [1, 2, 3, 4]\n[sampler]\ntype = "grid"\nfirst = [{ c = 3 }]\n'
    (stemma.folder / "grid.toml").write_text(
        re.sub(r"\[space.lr\].*(?=\[scheduler\])", space, JOB, flags=re.DOTALL).replace(
            'type = "asha"', 'type = "asha"\n'
        )
    )
    stemma("run", "grid.toml", "-q", "-o", "grid.h5")
    assert [row["configuration"]["c"] for row in rows(stemma, "grid.h5", "members")] == [3, 1, 2, 4]


def test_simulate_is_a_function_of_its_seed(stemma, job):
    first = stemma("simulate", job, "--workers", 100, "--seed", 5, "--faults", "some").stdout
    second = stemma("simulate", job, "--workers", 100, "--seed", 5, "--faults", "some").stdout

    def without_speed(text):  # real time does not depend on the seed
        return [line for line in text.splitlines() if " a second" not in line]

    assert without_speed(first) == without_speed(second)
    assert "utilization" in first


def test_simulate_of_a_population_has_a_finite_best_and_says_what_it_cannot_tell(stemma, job):
    """The metric of the torch trainer comes after its losses."""
    accuracy = ["--set", "metric.name=valid_accuracy", "--set", "metric.direction=maximize"]
    text = stemma("simulate", ROOT / "jobs/pbt.toml", *accuracy).stdout
    assert re.search(r"^best +member \d+ at \d+ units: 0\.\d+$", text, re.MULTILINE), text
    assert "about time and traffic, not about quality" in text
    assert "quality" not in stemma("simulate", job).stdout


def test_selfcheck_names_every_rank(stemma, mpi):
    text = mpi(3, "selfcheck").stdout

    for rank in ("0", "1", "2"):
        line = next(line for line in text.splitlines() if line.split()[:2] == ["rank", rank])
        assert ("manages" if rank == "0" else "trains with") in line, text


def test_selfcheck_says_what_a_single_rank_means(stemma, mpi):
    assert "one task: `stemma run` would train with workers inside one process" in mpi(1, "selfcheck").stdout


def test_version(stemma):
    assert stemma("--version").stdout.startswith("stemma ")
