"""The two descriptors that Stemma started this program with. They belong to one process. Their variables leave the
environment when stemma is imported, so that no child of the program takes itself for that process.
"""

import os
import signal
import sys

_PROGRAM = "STEMMA_PROGRAM"  # in the environment of children: the process that Stemma started

# (read, write, channel text) in the process that imported this first.
_descriptors = None
_own_pid = os.getpid()


def _take():
    global _descriptors
    read, write = os.environ.pop("STEMMA_READ_FD", None), os.environ.pop("STEMMA_WRITE_FD", None)
    channel = os.environ.pop("STEMMA_CHANNEL", None)
    if read is None or write is None:
        return
    _descriptors = int(read), int(write), channel
    if _are_here():
        os.environ[_PROGRAM] = str(_own_pid)
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
    if not _are_here():
        raise RuntimeError(
            "the descriptors that Stemma started its program with did not come to this process, which another one "
            "started (torchrun, say): "
            "trainer.command must name the program that asks for trainings, and start others from there"
        )
    return True


def descriptors():
    """The descriptors to read from and to write to; only after started_by_stemma()."""
    return _descriptors[:2]


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
