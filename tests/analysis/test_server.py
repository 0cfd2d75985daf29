"""The server behind `report --follow`: what it gives to which clients, and how it bears bad neighbors."""

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import pytest
import stemma
from analysis_jobs import ROOT
from run_files import write_run
from stemma.cli import run as command
from stemma.report import server as following
from test_derived import FAMILY

JOB = '[run.budget]\nepochs = 32\n# secret = "hunter2"\n'


@pytest.fixture
def run(tmp_path):
    write_run(tmp_path / "run.h5", FAMILY, seconds=8.0, finished=False, job=JOB)
    return stemma.open(tmp_path / "run.h5")


@pytest.fixture
def serve(run):
    made = []

    def begin(host="127.0.0.1", **options):
        made.append(following.make_server(run, host, 0, **options))
        threading.Thread(target=made[-1].serve_forever, daemon=True).start()
        return made[-1]

    yield begin
    for server in made:
        server.shutdown()
        server.server_close()


@pytest.fixture
def server(serve):
    return serve()


def get(address, **headers):
    return urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=30).read()


def refused(address, **headers):
    with pytest.raises(urllib.error.HTTPError) as error:
        get(address, **headers)
    return error.value.code


def root(server):
    return server.address[: -len(server.token) - 2]


def test_it_gives_the_page_and_its_data(server):
    assert b"<!DOCTYPE html>" in get(server.address)
    assert json.loads(get(server.address + "state.json"))["finished"] is False
    told = json.loads(get(server.address + "data.json?again"))
    assert told["best"][0]["member"] == 2 and "hunter2" in told["meta"]["job"]


@pytest.mark.parametrize(
    "path", ["etc/passwd", "../run.h5", "run.h5", "/etc/passwd", "%2e%2e/run.h5", "state.json/", "../TOKEN/"]
)
def test_it_gives_nothing_else(server, path):
    assert refused(server.address + path) == 404


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "//",
        "/data.json",
        "/x/data.json",
        "/../run.h5",
        "/TOKEx/data.json",
        "/TOKEN /data.json",
        "/?TOKEN/data.json",
        "/%C3%A9/data.json",
        "/TOKEN0/",
        "/token/data.json",
        "http://localhost/TOKEN/data.json",
        "*",
    ],
)
def test_nobody_reads_it_without_the_address(server, path):
    path = (
        path.replace("TOKEx", server.token[:-1] + ("x" if server.token[-1] != "x" else "y"))
        .replace("TOKEN", server.token)
        .replace("token", server.token.swapcase())
    )
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=30)
    connection.putrequest("GET", path.replace(" ", "%20") or "x")
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status in (403, 404), path
    content = answer.read()
    assert b"data" not in content and server.token.encode() not in content and b"made" not in content


def test_the_word_is_another_one_each_time_and_long(serve):
    tokens = {serve().token for _ in range(5)}
    assert len(tokens) == 5 and all(len(token) >= 20 for token in tokens)


def test_it_is_read_only(server):
    for method in ("POST", "PUT", "DELETE"):
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(urllib.request.Request(server.address, data=b"x", method=method), timeout=30)
        assert error.value.code == 501


@pytest.mark.parametrize(
    "name",
    [
        "127.0.0.1",
        "127.0.0.1:1",
        "localhost",
        "localhost:9999",
        "LOCALHOST",
        "Localhost:80",
        "localhost.",
        "localhost.:8765",
        "[::1]",
        "[::1]:8765",
        "::1",
        "127.0.0.2:80",
    ],
)
def test_names_of_this_machine_for_itself(server, name):
    assert get(server.address + "state.json", Host=name)


@pytest.mark.parametrize(
    "name",
    [
        "evil.example:80",
        "",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example:127.0.0.1",
        "[::2]",
        "[evil]",
        "localhost..",
        "10.0.0.1",
        "localhost@evil.example",
    ],
)
def test_names_that_are_not_its_own(server, name):
    assert refused(server.address + "data.json", Host=name) == 403


def test_two_names_are_none(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=30)
    connection.putrequest("GET", f"/{server.token}/data.json", skip_host=True)
    connection.putheader("Host", "localhost")
    connection.putheader("Host", "evil.example")
    connection.endheaders()
    assert connection.getresponse().status == 403


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6")
@pytest.mark.parametrize("host", ["::1", "::"])
def test_the_loopback_of_ipv6(serve, host):
    try:
        server = serve(host)
    except stemma.StemmaError as error:
        pytest.skip(str(error))
    assert server.address.startswith(f"http://[{host}]:")
    assert json.loads(get(server.address.replace("[::]", "[::1]") + "state.json"))["finished"] is False
    if host == "::1":
        assert refused(server.address, Host="evil.example") == 403


def test_a_port_in_use_is_named(server, run):
    for host in ("127.0.0.1", "no such host"):
        with pytest.raises(stemma.StemmaError, match="Choose another --port"):
            following.make_server(run, host, server.server_address[1])


def test_half_requests_lock_nobody_out(server):
    """More of them than the allowed connections. A client that sends a byte from time to time counts the same."""
    sockets = []
    try:
        for number in range(3 * following._CONNECTIONS_MAX):
            sockets.append(socket.create_connection(("127.0.0.1", server.server_address[1]), timeout=30))
            sockets[-1].sendall(b"GET / HTTP/1.1\r\nHo" if number % 2 else b"")
            if number % 16 == 0:
                assert get(server.address + "state.json")
        assert get(server.address + "state.json")
        assert len(server._open) <= following._CONNECTIONS_MAX + 1
    finally:
        for one in sockets:
            one.close()
    assert get(server.address + "state.json")


def test_idle_connections_are_closed(server, monkeypatch):
    monkeypatch.setattr(server.RequestHandlerClass, "timeout", 0.2)
    with socket.create_connection(("127.0.0.1", server.server_address[1]), timeout=30) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\n")
        assert idle.recv(100) == b""  # waits for the end


def test_clients_that_leave_early_leave_no_trace(server, capfd):
    for length in (0, 10, 1000):
        with socket.create_connection(("127.0.0.1", server.server_address[1]), timeout=30) as early:
            early.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # closing resets
            early.sendall(
                f"GET /{server.token}/data.json HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()[: length or 10_000]
            )
    assert get(server.address + "state.json")
    deadline = time.monotonic() + 30
    while server._open and time.monotonic() < deadline:
        time.sleep(0.01)
    assert capfd.readouterr().err == ""


def test_a_run_file_that_is_damaged_meanwhile_is_told(server, run):
    def broken(*_):
        raise stemma.StemmaError("run.h5: is damaged\x1b[2J")

    run.file.table = broken
    vars(run).pop("summary", None)
    with pytest.raises(urllib.error.HTTPError) as error:
        get(server.address + "data.json")
    assert error.value.code == 503 and error.value.read() == b"run.h5: is damaged?[2J"


def test_few_descriptors_do_not_make_it_busy(tmp_path, run):
    """As many half requests as it has descriptors, and it still answers."""
    script = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24)); import sys; "
        "from stemma.cli import run; sys.exit(run(['report', sys.argv[1], '--follow', '--port', '0']))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(run.path)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "analysis")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    sockets = []
    try:
        address = re.search(r"http://\S+/", process.stdout.readline()).group(0)
        port = int(re.search(r":(\d+)/", address).group(1))
        for _ in range(40):
            sockets.append(socket.create_connection(("127.0.0.1", port), timeout=30))
            sockets[-1].sendall(b"GET / HTTP/1.1\r\nHo")
        assert json.loads(get(address + "state.json"))["finished"] is False
    finally:
        for one in sockets:
            one.close()
        process.kill()
        assert process.communicate()[1] == ""


def test_a_page_may_leave_the_job_out(run, serve, tmp_path):
    for words, there in (([], True), (["--no-job"], False)):
        assert command(["report", str(run.path), "-o", str(tmp_path / "page.html"), *words]) == 0
        assert ("hunter2" in (tmp_path / "page.html").read_text()) == there
    assert b"hunter2" not in get(serve(job=False).address + "data.json")
