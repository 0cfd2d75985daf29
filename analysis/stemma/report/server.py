"""Serves the page of a running search: read-only, to this machine only unless told otherwise, and only to programs
that have the address."""

import base64
import errno
import hmac
import ipaddress
import secrets
import socket
import socketserver
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from stemma.errors import StemmaError
from stemma.printable import printable, say
from stemma.report.page import as_json, follow_page
from stemma.report.payload import payload

_CONNECTIONS_MAX = 32  # beyond that the oldest connection is closed: a browser opens six
_IDLE_S = 20.0  # without a byte, or a piece of an answer
_PIECE_BYTES = 1 << 16
_TOKEN_BYTES = 18


class Follower:
    """The run, looked at by one request at a time; a payload is made once for each commit that a client asks for."""

    def __init__(self, run, job):
        self.run, self._job, self._lock, self._made = run, job, threading.Lock(), (None, b"")

    def page(self):
        return follow_page(self.run).encode()

    def state(self):
        with self._lock:
            self._refresh()
            return as_json({"commit": self._commit(), "finished": self.run.finished}).encode()

    def data(self):
        with self._lock:
            self._refresh()
            if self._made[0] != self._commit():
                told, columns = payload([self.run], self._job)
                told["packed"] = base64.b64encode(columns).decode()
                self._made = (self._commit(), as_json(told).encode())
            return self._made[1]

    def _commit(self):
        return f"{self.run.file.rows('commits')} {self.run.finished}"

    def _refresh(self):
        try:
            self.run.refresh()
        except StemmaError:  # being replaced by a resume, or at its end: the next look finds it
            pass


class Server(ThreadingHTTPServer):
    """At most so many connections at a time, each closed when nothing comes through it."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, host, port, handler):
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.host, self.token = host, secrets.token_urlsafe(_TOKEN_BYTES)
        self._open, self._open_lock = {}, threading.Lock()  # connections in the order in which they came
        super().__init__((host, port), handler)

    @property
    def address(self):
        """What to open: a program that has not seen it cannot guess it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.server_address[1]}/{self.token}/"

    def server_bind(self):
        socketserver.TCPServer.server_bind(self)  # not HTTPServer's, which asks the network for this machine's name
        self.server_name, self.server_port = self.host, self.server_address[1]

    def get_request(self):
        try:
            return super().get_request()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):  # the connection would be asked for again at once
                self._close_oldest()
                time.sleep(0.1)
            raise

    def process_request(self, request, client_address):
        with self._open_lock:
            self._open[request] = None
            many = len(self._open) > _CONNECTIONS_MAX
        if many:
            self._close_oldest()
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        with self._open_lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def _close_oldest(self):
        with self._open_lock:
            oldest = next(iter(self._open), None)
            self._open.pop(oldest, None)
        try:
            if oldest is not None:
                oldest.shutdown(socket.SHUT_RDWR)  # its own thread sees the end, and closes it
        except OSError:
            pass

    def handle_error(self, request, client_address):
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):  # clients come and go; that is not worth a message
            say(f"stemma: a request failed: {type(error).__name__}: {error}", sys.stderr)


def make_server(run, host, port, job=True):
    """A server for the run, with the job's text in its page or without. The caller calls serve_forever(). Raises
    StemmaError if the address is taken."""
    follower = Follower(run, job)
    pages = {
        "": ("text/html; charset=utf-8", follower.page),
        "state.json": ("application/json", follower.state),
        "data.json": ("application/json", follower.data),
    }

    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version, timeout = "stemma", "", _IDLE_S

        def do_GET(self):
            # A page elsewhere that gives this machine a name of its own (DNS rebinding) gets nothing.
            if not _named_as_served(self.headers.get_all("Host", []), host):
                self._send(403, "text/plain; charset=utf-8", b"This server does not go by that name.\n")
                return
            token, *rest = self.path.split("?")[0].removeprefix("/").split("/", 1)
            if not hmac.compare_digest(token.encode("utf-8", "replace"), self.server.token.encode()):
                self._send(
                    403,
                    "text/plain; charset=utf-8",
                    b"Open the address that `stemma report --follow` printed: it ends in a word of its own.\n",
                )
                return
            found = pages.get(rest[0]) if rest else None
            if found is None:
                self._send(404, "text/plain; charset=utf-8", b"There is no such page.\n")
                return
            try:
                status, kind, content = 200, found[0], found[1]()
            except StemmaError as error:
                status, kind, content = 503, "text/plain; charset=utf-8", printable(error).encode()
            self._send(status, kind, content)

        def _send(self, status, kind, content):
            self.send_response(status)
            for name, value in (
                ("Content-Type", kind),
                ("Content-Length", str(len(content))),
                ("Cache-Control", "no-store"),
                ("X-Content-Type-Options", "nosniff"),
                ("Referrer-Policy", "no-referrer"),
            ):
                self.send_header(name, value)
            self.end_headers()
            for start in range(0, len(content), _PIECE_BYTES):  # the time-out is that of a piece
                self.wfile.write(content[start : start + _PIECE_BYTES])

        def log_message(self, *_):
            pass

    try:
        return Server(host, port, Handler)
    except (OSError, UnicodeError) as error:
        raise StemmaError(
            f"{host}:{port}: cannot be listened at ({getattr(error, 'strerror', None) or error}). Choose another "
            "--port (0 takes any free one), or --host"
        ) from None


def _is_loopback(name):
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _named_as_served(names, host):
    """Does the request name this machine by a name of its own, if the page is served to this machine only? Any port
    will do: ssh brings the page to another port."""
    if not _is_loopback(host.lower()):
        return True
    if len(names) != 1:
        return False
    name = names[0].strip().lower()
    bare = name[1:].split("]")[0] if name.startswith("[") else name.rsplit(":", 1)[0] if name.count(":") == 1 else name
    return _is_loopback(bare[:-1] if bare.endswith(".") else bare)


def serve(run, host, port, job=True):
    """Serves until Ctrl-C."""
    server = make_server(run, host, port, job)
    say(f"following {run.path} at {server.address} (Ctrl-C ends)")
    if not _is_loopback(host.lower()):
        say("It answers other machines too: each program that has this address reads the run, unencrypted.")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
    return 0
