"""Exports that grow with a run while it is being written."""

import time

from stemma.errors import StemmaError


def follow(run, writers, interval=2.0):
    """Gives the run to each writer's update(), at once and after each change, until the run has ended or Ctrl-C. Then
    returns the lines of their close(). `interval`: seconds between looks at the file."""
    try:
        while True:
            for writer in writers:
                writer.update(run)
            if run.finished:
                break
            time.sleep(interval)
            try:
                run.refresh()
            except StemmaError:
                continue  # being replaced by a resume or at its end
    except KeyboardInterrupt:
        pass
    return [writer.close(run) for writer in writers]
