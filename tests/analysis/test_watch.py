"""The terminal's view, and the server behind --follow."""

import io
import json
import threading
import urllib.error
import urllib.request

import pytest
import stemma
from run_files import write_run
from stemma import watch
from stemma.report.server import make_server
from test_derived import FAMILY


@pytest.fixture
def run(tmp_path):
    write_run(tmp_path / "run.h5", FAMILY, seconds=8.0, finished=False, job='[run.budget]\nepochs = 32\nwall_time = "1m"\n')
    return stemma.open(tmp_path / "run.h5")


def test_screen_says_what_matters(run):
    text = watch.screen(run)
    for word in ("running", "valid_loss 0.2", "member 2 after 4", "3 members, 4 reports, 8 epochs, 0 leases out", "72 % of 2 workers", "entered", "member diverged  member 1"):
        assert word in text, f"{word!r} is not in\n{text}"
    assert all(len(line) <= 40 for line in watch.screen(run, 40, 12).splitlines()) and len(watch.screen(run, 40, 12).splitlines()) <= 12


def test_time_left_is_that_of_the_nearest_limit(run):
    assert watch.time_left(run) == (24.0, "epochs")  # 8 of 32 epochs took 8 s


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


@pytest.fixture
def server(run):
    made = make_server(run, "127.0.0.1", 0)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{made.server_address[1]}"
    made.shutdown()
    made.server_close()


def get(address, **headers):
    return urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=30).read()


def test_server_gives_the_page_and_its_data(server):
    assert b"<!DOCTYPE html>" in get(server + "/")
    assert json.loads(get(server + "/state.json"))["finished"] is False
    assert json.loads(get(server + "/data.json"))["best"][0]["member"] == 2


@pytest.mark.parametrize("path", ["/etc/passwd", "/../run.h5", "/run.h5", "//etc/passwd", "/%2e%2e/run.h5"])
def test_server_gives_nothing_else(server, path):
    with pytest.raises(urllib.error.HTTPError) as error:
        get(server + path)
    assert error.value.code == 404


def test_server_is_read_only_and_answers_to_its_own_name(server):
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(urllib.request.Request(server + "/", data=b"x", method="POST"), timeout=30)
    assert error.value.code == 501
    with pytest.raises(urllib.error.HTTPError) as error:
        get(server + "/data.json", Host="evil.example:80")
    assert error.value.code == 403


def test_a_port_in_use_is_named(server, run):
    port = int(server.rsplit(":", 1)[1])
    with pytest.raises(stemma.StemmaError, match="Choose another --port"):
        make_server(run, "127.0.0.1", port)
