"""What torchrun does: starts the processes in sessions of their own, without foreign descriptors, and ends them all
when one has failed.

launcher.py PROCESSES PROGRAM ARGUMENTS..."""

import os
import signal
import socket
import subprocess
import sys

count, program = int(sys.argv[1]), sys.argv[2:]
with socket.socket() as one:
    one.bind(("127.0.0.1", 0))
    port = str(one.getsockname()[1])
meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": str(count)}
started = [
    subprocess.Popen(
        [sys.executable, "-S", *program], env=os.environ | meeting | {"RANK": str(rank)}, start_new_session=True
    )
    for rank in range(count)
]
code = 0
while started:
    pid, status = os.wait()
    started = [one for one in started if one.pid != pid]
    if status != 0 and code == 0:
        code = 1
        for one in started:
            os.kill(one.pid, signal.SIGTERM)
sys.exit(code)
