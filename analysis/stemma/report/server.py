"""Serves the page of a running search: read-only, to this machine only unless told otherwise."""

import base64
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from stemma.errors import StemmaError
from stemma.report.page import as_json, follow_page
from stemma.report.payload import payload


class Follower:
    """The run, looked at by one request at a time; a payload is made once for each commit that somebody asks for."""

    def __init__(self, run):
        self.run, self._lock, self._made = run, threading.Lock(), (None, b"")

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
                told, columns = payload([self.run])
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


def make_server(run, host, port):
    """A server for the run; the caller calls serve_forever(). Raises StemmaError if the address is taken."""
    follower = Follower(run)
    pages = {"/": ("text/html; charset=utf-8", follower.page), "/state.json": ("application/json", follower.state), "/data.json": ("application/json", follower.data)}

    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version = "stemma", ""

        def do_GET(self):
            found = pages.get(self.path.split("?")[0])
            if found is None:
                self.send_error(404)
                return
            # A page elsewhere that names this machine by a name of its own (DNS rebinding) gets nothing.
            if not _named_as_served(self.headers.get("Host", ""), host):
                self.send_error(403)
                return
            content = found[1]()
            self.send_response(200)
            self.send_header("Content-Type", found[0])
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        raise StemmaError(f"{host}:{port}: cannot be listened at ({error.strerror}). Choose another --port; 0 takes any free one") from None
    server.daemon_threads = True
    return server


def _named_as_served(name, host):
    bare = name.rsplit(":", 1)[0].strip("[]")
    return host not in ("127.0.0.1", "::1", "localhost") or bare in ("127.0.0.1", "::1", "localhost")


def serve(run, host, port):
    """Serves until Ctrl-C."""
    server = make_server(run, host, port)
    print(f"following {run.path} at http://{host}:{server.server_address[1]}/ (Ctrl-C ends)", flush=True)
    if host not in ("127.0.0.1", "::1", "localhost"):
        print("It answers other machines too, without a password.", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
    return 0
