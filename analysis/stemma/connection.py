"""The two descriptors that Stemma started this program with, or the socket for processes that a launcher started
(torchrun, a container's runtime). They belong to one process. Their variables leave the environment when stemma is
imported, so that no child of the program takes itself for that process.
"""

import os
import signal
import socket
import sys

_PROGRAM = "STEMMA_PROGRAM"  # in the environment of children: the process that Stemma started

# (read, write, channel text) in the process that imported this first.
_descriptors = None
_socket_path, _socket = None, None
_own_pid = os.getpid()


def _take():
    global _descriptors, _socket_path
    _socket_path = os.environ.pop("STEMMA_SOCKET", None)
    read, write = os.environ.pop("STEMMA_READ_FD", None), os.environ.pop("STEMMA_WRITE_FD", None)
    channel = os.environ.pop("STEMMA_CHANNEL", None)
    if read is None or write is None:
        return
    _descriptors = int(read), int(write), channel
    here = _are_here()
    if here or _socket_path is not None:
        os.environ[_PROGRAM] = str(_own_pid)
    if here:
        for descriptor in _descriptors[:2]:  # programs that this process starts have no part in the conversation
            os.set_inheritable(descriptor, False)


def _are_here():
    """The descriptors may have been lost (torchrun closes them), and their numbers may belong to other files by now."""
    read, write, channel = _descriptors
    try:
        found = f"{os.fstat(read).st_ino},{os.fstat(write).st_ino}"
    except OSError:
        return False
    return channel is None or found == channel


def started_by_stemma():
    """False in a program that a user started. Raises if this process is not the one that Stemma started."""
    if _descriptors is None:
        if _PROGRAM in os.environ:
            _refuse_child(int(os.environ[_PROGRAM]))
        return False
    if os.getpid() != _own_pid:
        _refuse_child(_own_pid)
    if not _are_here() and not _knocked():
        raise RuntimeError(
            "the descriptors that Stemma started its program with did not come to this process, and the socket of "
            "Stemma's worker is closed: trainer.command must name the program that asks for trainings, or a launcher "
            "that starts it at once (torchrun, say)"
        )
    return True


def _knocked():
    """Connects to the worker, as one of the processes that a launcher started. False if the door is closed."""
    global _socket
    if _socket is None and _socket_path is not None:
        one = socket.socket(socket.AF_UNIX)
        try:
            one.connect(_socket_path)
        except OSError:
            one.close()
        else:
            _socket = one
    return _socket is not None


def descriptors():
    """The descriptors to read from and to write to; only after started_by_stemma()."""
    return _descriptors[:2] if _socket is None else (_socket.fileno(), _socket.fileno())


def place():
    """What a process says in its hello if a launcher started it: which of how many it is."""
    if _socket is None:
        return {}
    return {"rank": int(os.environ.get("RANK", 0)), "ranks": int(os.environ.get("WORLD_SIZE", 1))}


def _refuse_child(program):
    text = (
        f"process {os.getpid()} was started by the program that Stemma started (process {program}), and is given no "
        "trainings: only that one may ask "
        'for them. A process that multiprocessing or a data loader starts by "spawn" or "forkserver" runs the whole '
        "script anew: put what asks for "
        'trainings under `if __name__ == "__main__":`'
    )
    multiprocessing = sys.modules.get("multiprocessing.process")
    if multiprocessing is not None and getattr(multiprocessing.current_process(), "_inheriting", False):
        # While the process is being started: a pool would replace it again and again. The program ends, and this is its
        # last output.
        print(f"stemma: {text}", file=sys.stderr, flush=True)
        try:
            os.kill(program, signal.SIGTERM)
        except ProcessLookupError:
            pass
        os._exit(1)  # a traceback of each process of a pool would push the reason out of the output that is kept
    raise RuntimeError(text)


_take()
