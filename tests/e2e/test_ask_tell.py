"""Ask/tell: stemma.AskTell in Python, and `stemma ask` and `stemma tell` over a run file."""

import csv
import json
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from harness import JOB, ROOT, USER_ERROR

from record import rows

sys.path.insert(0, str(ROOT / "analysis"))

import stemma as package
from stemma.process import AskTellError


@pytest.fixture
def job(stemma):
    path = stemma.folder / "ask.toml"
    path.write_text(
        JOB.replace("members = 40", "members = 9")
        .replace('type = "toy"', 'type = "process"\ncommand = ["replaced"]')
        .replace("max = 27", "max = 9")
    )
    return path


def trained(lease):
    """A training done outside of Stemma: its snapshot says how far it came."""
    if lease.start:
        assert int(open(lease.start).read()) == lease.first
    open(lease.save, "w").write(str(lease.last))
    return (lease["lr"] - 0.1) ** 2 + 1 / lease.last


def test_a_search_is_asked_to_its_end(stemma, job):
    with package.AskTell(job, stemma.folder / "run.h5", at_once=2, stemma=stemma.binary) as search:
        asked = []
        while (lease := search.ask(timeout=60)) is not None:
            asked.append((lease.member, lease.first, lease.last))
            search.tell(lease, valid_loss=trained(lease))

    assert {member for member, _, _ in asked} == set(range(9))
    assert any(first > 0 for _, first, _ in asked), "members went on from snapshots"
    assert len(rows(stemma, "run.h5", "reports")) == len(asked)
    assert "every decision is the same" in stemma("verify", "run.h5").stdout


def test_values_on_the_way_are_recorded(stemma, job):
    with package.AskTell(job, stemma.folder / "run.h5", at_once=2, stemma=stemma.binary) as search:
        while (lease := search.ask(timeout=60)) is not None:
            for unit in range(lease.first + 1, lease.last):
                search.progress(lease, unit, valid_loss=1 / unit)
            search.tell(lease, valid_loss=trained(lease))

    reports, epochs = rows(stemma, "run.h5", "reports"), rows(stemma, "run.h5", "units")
    reached = {report["member"]: report["resource"] for report in reports}
    assert len(epochs) == sum(reached.values()) > len(reports)


def test_a_search_is_gone_on_with(stemma, job):
    with package.AskTell(job, stemma.folder / "run.h5", at_once=2, stemma=stemma.binary) as search:
        lease = search.ask(timeout=60)
        search.tell(lease, valid_loss=trained(lease))
        search.ask(timeout=60)  # left open
    before = len(rows(stemma, "run.h5", "reports"))

    with package.AskTell(job, stemma.folder / "run.h5", at_once=2, stemma=stemma.binary) as search:
        while (lease := search.ask(timeout=60)) is not None:
            search.tell(lease, valid_loss=trained(lease))

    assert len(rows(stemma, "run.h5", "members")) == 9 and len(rows(stemma, "run.h5", "reports")) > before > 0
    assert "every decision is the same" in stemma("verify", "run.h5").stdout


def test_leases_are_told_in_any_order_and_failures_too(stemma, job):
    with package.AskTell(job, stemma.folder / "run.h5", at_once=3, stemma=stemma.binary) as search:
        first, second, third = (search.ask(timeout=60) for _ in range(3))
        search.tell(third, valid_loss=trained(third))
        search.tell_failure(first, kind="infeasible", message="no such layer")
        search.tell(second, valid_loss=float("nan"))
        while (lease := search.ask(timeout=60)) is not None:
            search.tell(lease, valid_loss=trained(lease))

    assert "no such layer" in stemma("show", "run.h5", first.member).stdout
    assert "nonfinite" in stemma("show", "run.h5", second.member).stdout


def test_a_lease_is_read_like_a_dict_and_only_metrics_of_the_job_are_told(stemma, job):
    with package.AskTell(
        job, stemma.folder / "run.h5", stemma=stemma.binary, overrides=['trainer.metrics=["valid_loss", "test_loss"]']
    ) as search:
        lease = search.ask(timeout=60)
        assert (
            dict(lease) == lease.configuration and "lr" in lease and "width" not in lease and lease.get("width", 8) == 8
        )
        assert list(lease.keys()) == ["lr", "momentum"] and (lease.max, lease.run_seed, lease.parent_configuration) == (
            9,
            7,
            None,
        )
        with pytest.raises(KeyError, match="there are: lr, momentum"):
            lease["width"]
        for tell in (
            lambda **metrics: search.tell(lease, **metrics),
            lambda **metrics: search.progress(lease, 1, **metrics),
        ):
            with pytest.raises(ValueError, match=r'did you mean "valid_loss"\?'):
                tell(val_loss=1)
        with pytest.raises(ValueError, match="progress at 10, but the lease is for 1 to"):
            search.progress(lease, 10, valid_loss=1)
        search.tell(lease, valid_loss=trained(lease))
        assert search.ask(timeout=60) is not None

    assert rows(stemma, "run.h5", "reports")[0]["member"] == lease.member


def test_a_job_with_mistakes_says_so(stemma, job):
    job.write_text(job.read_text().replace("eta = 3", "eta = 1"))

    with (
        package.AskTell(job, stemma.folder / "run.h5", stemma=stemma.binary) as search,
        pytest.raises(AskTellError, match="scheduler.eta"),
    ):
        search.ask(timeout=60)


ENDED, NOTHING_NOW = 5, 6


@pytest.fixture
def asked(stemma):
    """A job for `stemma ask`. Calls ask and returns the lease, or the exit code."""
    (stemma.folder / "asked.toml").write_text(
        JOB.replace("members = 40", "members = 6")
        .replace('type = "toy"', 'type = "ask"\nmetrics = ["valid_loss", "test_loss"]')
        .replace("max = 27", "max = 9")
    )

    def ask(*words):
        done = stemma("ask", "run.h5", "--job", "asked.toml", *words, code=(0, ENDED, NOTHING_NOW))
        return json.loads(done.stdout) if done.returncode == 0 else done.returncode

    return ask


def train(lease):
    """Like trained() above, for a lease as it is printed."""
    if lease["start"]:
        assert int(open(lease["start"]).read()) == lease["from"]
    else:
        assert lease["from"] == 0
    open(lease["save"], "w").write(str(lease["to"]))
    return (lease["configuration"]["lr"] - 0.1) ** 2 + 1 / lease["to"]


def test_a_shell_asks_and_tells(stemma, asked):
    told = 0
    while not isinstance(lease := asked(), int):
        stemma("tell", "run.h5", lease["lease"], f"valid_loss={train(lease)}", "test_loss=1.5", "--seconds", 2)
        told += 1

    assert lease == ENDED
    ended = stemma("ask", "run.h5", code=ENDED).stderr
    assert "best: member" in ended and (stemma.folder / ended.rsplit(" ", 1)[1].strip()).exists(), "the best is kept"
    reports = rows(stemma, "run.h5", "reports")
    assert len(reports) == told and all(row["test_loss"] == 1.5 and row["seconds"] == 2 for row in reports)
    assert any(row["resource"] > 1 for row in reports), "members went on from what they left"
    assert "every decision is the same" in stemma("verify", "run.h5").stdout
    left = [path.name for path in (stemma.folder / "run.h5.asked").iterdir()]
    assert not [name for name in left if name.endswith(".json")] and len(left) < told, "what nobody needs is gone"


def test_several_ask_at_once(stemma, asked):
    asked_for = []

    def one_asker(_):
        while not isinstance(lease := asked("--wait"), int):
            asked_for.append(lease["lease"])
            stemma("tell", "run.h5", lease["lease"], f"valid_loss={train(lease)}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one_asker, range(4)))

    assert len(set(asked_for)) == len(asked_for) == len(rows(stemma, "run.h5", "reports"))
    assert "every decision is the same" in stemma("verify", "run.h5").stdout


def test_more_may_be_wanted_after_the_end(stemma, asked):
    def to_the_end(*words):
        count, lease = 0, asked(*words)
        while not isinstance(lease, int):
            stemma("tell", "run.h5", lease["lease"], f"valid_loss={train(lease)}")
            count, lease = count + 1, asked()
        return count

    first = to_the_end()
    more = to_the_end("--members", 15)

    assert more > 0 and len(rows(stemma, "run.h5", "members")) == 15
    assert len(rows(stemma, "run.h5", "reports")) == first + more
    assert "every decision is the same" in stemma("verify", "run.h5").stdout


def test_what_is_told_is_checked(stemma, asked):
    lease = asked()
    tell = ("tell", "run.h5", lease["lease"])
    assert "valid_loss=VALUE is missing" in stemma(*tell, "test_loss=1", code=USER_ERROR).stderr
    assert 'valid_loss, test_loss (did you mean "valid_loss"?)' in stemma(*tell, "valid_los=1", code=USER_ERROR).stderr
    assert "NAME=NUMBER" in stemma(*tell, "valid_loss=low", code=USER_ERROR).stderr
    assert "--at must be in 1 .. 1" in stemma(*tell, "valid_loss=1", "--at", 2, code=USER_ERROR).stderr
    assert "lease 7 is not out" in stemma("tell", "run.h5", 7, "valid_loss=1", code=USER_ERROR).stderr
    assert "no such file" in stemma("tell", "other.h5", 7, "valid_loss=1", code=USER_ERROR).stderr
    stemma(*tell, "valid_loss=nan")
    assert f"lease {lease['lease']} is not out" in stemma(*tell, "valid_loss=1", code=USER_ERROR).stderr
    assert len(rows(stemma, "run.h5", "reports")) == 1


def test_infinite_metrics_are_told_and_exported_as_such(stemma, asked):
    lease = asked()["lease"]
    assert (
        "must be a number >= 0"
        in stemma("tell", "run.h5", lease, "valid_loss=0.5", "--seconds", "nan", code=USER_ERROR).stderr
    )
    stemma("tell", "run.h5", lease, "valid_loss=0.5", "test_loss=inf")
    stemma("export", "run.h5", "--csv", "tables", "--json", "run.json")
    with open(stemma.folder / "tables/reports.csv", newline="") as file:
        assert [row["test_loss"] for row in csv.DictReader(file)] == ["inf"]
    assert json.loads((stemma.folder / "run.json").read_text())["reports"][0]["test_loss"] == "inf"


def test_failures_and_losses_are_told_too(stemma, asked):
    first, second = asked(), asked()
    stemma("tell", "run.h5", first["lease"], "--failed", "infeasible", "--message", "no such layer")
    stemma("tell", "run.h5", second["lease"], "--failed", "lost")

    assert "no such layer" in stemma("show", "run.h5", first["member"]).stdout
    again = [asked() for _ in range(3)]
    assert second["member"] in [lease["member"] for lease in again] and second["lease"] not in [
        lease["lease"] for lease in again
    ]


def test_a_lease_that_was_asked_for_survives_who_asked(stemma, asked):
    lease = asked()
    kept = json.loads((stemma.folder / "run.h5.asked" / f"{lease['lease']}.json").read_text())
    assert kept == lease
    shutil.rmtree(stemma.folder / "run.h5.asked")
    assert asked()["lease"] == lease["lease"], "without its file it counts as not handed out"


def test_ask_says_what_is_missing(stemma, asked, job):
    assert "--job" in stemma("ask", "new.h5", code=USER_ERROR).stderr
    assert not list(stemma.folder.glob("new.h5*"))
    assert "trainer.type" in stemma("ask", "new.h5", "--job", job.name, code=USER_ERROR).stderr
    refused = stemma("run", "asked.toml", "-n", 2, code=USER_ERROR).stderr
    assert refused.count("stemma ask") == 1
    stemma("check", "asked.toml")
