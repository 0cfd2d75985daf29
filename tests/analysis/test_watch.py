"""The terminal's view."""

import io

import pytest
import stemma
from run_files import write_run
from stemma import watch
from test_derived import FAMILY
from test_other_versions import rewritten, without


@pytest.fixture
def run(tmp_path):
    write_run(
        tmp_path / "run.h5", {**FAMILY, "budgets": {"resource": [32], "seconds": [60.0]}}, seconds=8.0, finished=False
    )
    return stemma.open(tmp_path / "run.h5")


def test_screen_says_what_matters(run):
    text = watch.screen(run)
    for word in (
        "running",
        "valid_loss 0.2",
        "member 2 after 4",
        "3 members, 4 reports, 8 epochs, 0 leases out",
        "72 % of 2 workers",
        "entered",
        "member diverged  member 1",
    ):
        assert word in text, f"{word!r} is not in\n{text}"
    assert (
        all(len(line) <= 40 for line in watch.screen(run, 40, 12).splitlines())
        and len(watch.screen(run, 40, 12).splitlines()) <= 12
    )


def test_nothing_is_cut_that_would_read_as_another_number(run, tmp_path):
    members = {
        **{name: values for name, values in FAMILY["members"].items() if name not in ("lr", "width", "activation")},
        **{f"parameter {number}": [0.00116 + number, 123456.7, 98765.4321] for number in range(12)},
    }
    space = [
        {
            "name": f"parameter {number}",
            "type": "real",
            "role": "mutable",
            "low": 0,
            "high": 1e6,
            "scale": "linear",
            "step": None,
            "default": None,
            "when": [],
        }
        for number in range(12)
    ]
    write_run(tmp_path / "wide.h5", {**FAMILY, "members": members}, name="名前" * 30, parameters=space, seconds=8.0)
    for opened in (run, stemma.open(tmp_path / "wide.h5")):
        words = set(watch.screen(opened, 1000, 100).split())
        for width in range(10, 130):
            narrow = watch.screen(opened, width, 100)
            assert set(narrow.split()) <= words | {"..."}, (width, narrow)
            assert all(watch.columns(line) <= width for line in narrow.splitlines()), narrow
    assert "11=9.877e+04" in watch.screen(
        stemma.open(tmp_path / "wide.h5"), 80
    )  # on a line of its own, as there is room
    assert "lr=0.05" in watch.screen(run, 40) and "activation=relu" in watch.screen(run, 40)


def test_time_left_is_that_of_the_nearest_limit(run):
    assert watch.time_left(run) == (24.0, "epochs")  # 8 of 32 epochs took 8 s


def timed(tmp_path, budgets, **tables):
    """Time left of a run that has gone on for 8 s."""
    write_run(tmp_path / "timed.h5", {**FAMILY, **tables, "budgets": budgets}, seconds=8.0, finished=False)
    return watch.time_left(stemma.open(tmp_path / "timed.h5"))


def test_the_limits_are_those_that_hold_now(tmp_path):
    assert timed(tmp_path, {"resource": [32, 16]}) == (8.0, "epochs")
    assert timed(tmp_path, {"resource": [32, 32], "seconds": [0, 10]}) == (2.0, "wall_time")
    assert timed(tmp_path, {"resource": [32, 0], "seconds": [5, 11]}) == (3.0, "wall_time")
    assert timed(tmp_path, {"resource": [0]}) is None


def test_a_file_that_does_not_tell_the_budget(tmp_path):
    write_run(tmp_path / "run.h5", FAMILY, seconds=8.0, finished=False)
    assert "not known: the search has no budget" in watch.screen(stemma.open(tmp_path / "run.h5"))
    rewritten(tmp_path / "run.h5", tmp_path / "old.h5", drop=("budgets",), commits=without("budgets"))
    assert "not known: a file of this version does not tell the budget" in watch.screen(
        stemma.open(tmp_path / "old.h5")
    )


@pytest.mark.parametrize(
    "cause, donor, lr, done",
    [
        (2, -1, 0.1, 2),
        (5, -1, 0.1, 2),  # a repeat, a continuation
        (4, -1, 0.1, 2),
        (3, 1, 0.5, 2),  # a child with its parent's configuration; weights of one, configuration of the other
        (3, -1, 0.2, 3),
    ],
)
def test_members_are_counted_as_the_budget_does(tmp_path, cause, donor, lr, done):
    members = {
        **FAMILY["members"],
        "cause": [1, 1, cause],
        "donor": [-1, -1, donor],
        "lr": [0.1, 0.5, lr],
        "width": [16, 32, 32 if donor == 1 else 16],
        "activation": [0, 1, int(donor == 1)],
    }
    assert timed(tmp_path, {"members": [6]}, members=members) == (8.0 * (6 / done - 1), "members")


def test_reports_are_counted_as_the_budget_does(tmp_path):
    assert timed(tmp_path, {"reports": [4]}, reports={**FAMILY["reports"], "status": [1, 2, 3, 1]}) == (8.0, "reports")


def test_a_file_that_is_away_for_a_moment_leaves_the_run_as_it_was(run, tmp_path):
    (tmp_path / "run.h5").rename(tmp_path / "aside.h5")
    with pytest.raises(stemma.StemmaError, match="no such file"):
        run.refresh()
    assert "member 2 after 4" in watch.screen(run)

    (tmp_path / "run.h5").write_bytes(b"\x89HDF\r\n\x1a\n, and the rest is not there yet")
    with pytest.raises(stemma.StemmaError, match="cut short, or damaged"):
        run.refresh()
    assert "member 2 after 4" in watch.screen(run)

    write_run(tmp_path / "new.h5", FAMILY, seconds=9.0)
    (tmp_path / "new.h5").rename(tmp_path / "run.h5")
    assert run.refresh().finished and run.seconds == 9.0


def test_a_file_that_is_overwritten_in_place_is_read_anew(run, tmp_path):
    write_run(tmp_path / "new.h5", FAMILY, seconds=9.0)
    whole = (tmp_path / "new.h5").read_bytes()
    (tmp_path / "run.h5").write_bytes(whole[:5000])
    with pytest.raises(stemma.StemmaError, match="cut short, or damaged"):
        run.refresh()
    (tmp_path / "run.h5").write_bytes(whole)
    assert run.refresh().finished and run.seconds == 9.0


def test_lines_are_printed_into_a_pipe_until_it_ends(run, tmp_path):
    write_run(tmp_path / "done.h5", FAMILY, seconds=9.0)
    (tmp_path / "done.h5").rename(tmp_path / "run.h5")
    out = io.StringIO()
    assert watch.watch(tmp_path / "run.h5", out=out) == 0
    assert "ended" in out.getvalue()


def test_a_terminal_is_drawn_on_and_left_as_it_was(tmp_path):
    pty, os = pytest.importorskip("pty"), pytest.importorskip("os")
    write_run(tmp_path / "run.h5", FAMILY, seconds=8.0)
    reader, terminal = pty.openpty()
    with os.fdopen(terminal, "w") as out:
        assert watch.watch(tmp_path / "run.h5", out=out) == 0
        shown = b""
        while b"\033[?25h" not in shown:  # the cursor is back; a terminal may hand out less than there is
            shown += os.read(reader, 100_000)
    os.close(reader)
    assert b"member 2 after 4" in shown
    assert shown.index(b"\033[?25l") < shown.index(b"\033[?25h")
