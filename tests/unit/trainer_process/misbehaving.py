"""A training program that does one thing wrong, named by its first argument. Speaks the protocol by itself."""

import json
import os
import signal
import struct
import subprocess
import sys
import time

READ, WRITE = int(os.environ["STEMMA_READ_FD"]), int(os.environ["STEMMA_WRITE_FD"])
what = sys.argv[1]


def send(**message):
    raw(json.dumps(message).encode())


def raw(text):
    os.write(WRITE, struct.pack("<I", len(text)) + text)


def exactly(size):
    data = b""
    while len(data) < size:
        part = os.read(READ, size - len(data))
        if not part:
            sys.exit(0)
        data += part
    return data


def receive():
    return json.loads(exactly(struct.unpack("<I", exactly(4))[0]))


def forever():
    while True:
        time.sleep(3600)


if what == "dies_before_hello":
    print("no module named torch", file=sys.stderr)
    sys.exit(3)
if what == "says_nothing":
    forever()
if what == "prints_into_protocol":
    os.write(WRITE, b"Epoch 1: loss 0.3\n")
    forever()
send(
    type="hello",
    protocol=99 if what == "newer_protocol" else 1,
    name=what,
    mutable=["lr"] if what == "only_lr" else None,
)
receive()
count = 0
while True:
    lease = receive()
    if lease["type"] == "quit":
        if what == "ignores_quit":
            forever()
        sys.exit(0)
    if lease["type"] == "stop":
        continue
    count += 1
    number, to = lease["lease"], lease["to"]
    good = {"type": "report", "lease": number, "at": to, "metrics": {"valid_loss": 0.5}}
    if count > 1 and what.endswith("_once"):
        send(**good)
    elif what == "exits_0":
        sys.exit(0)
    elif what == "raises_once":
        print("x" * 100000)
        print("caf\xe9 \x1b[1m the end", file=sys.stderr)
        raise ValueError("the weights are wrong")
    elif what == "segfaults":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif what == "hangs":
        forever()
    elif what == "ignores_stop":
        while True:
            time.sleep(0.02)
            send(type="progress", lease=number, at=lease["from"] + 1, metrics={"valid_loss": 1}) if count == 1 else None
            count += 1
    elif what == "garbage_once":
        raw(b"loss: 0.3")
        forever()
    elif what == "bare_nan":
        raw(b'{"type": "report", "lease": %d, "at": %d, "metrics": {"valid_loss": NaN}}' % (number, to))
    elif what == "reports_twice":
        send(**good)
        send(**good)
    elif what == "nan":
        send(**{**good, "metrics": {"valid_loss": "nan"}})
    elif what == "inf":
        send(**{**good, "metrics": {"valid_loss": "inf"}})
    elif what == "nan_in_progress":
        send(type="progress", lease=number, at=to, metrics={"valid_loss": "nan"})
        send(**{**good, "metrics": {}})
    elif what == "inf_in_progress":
        send(type="progress", lease=number, at=to, metrics={"valid_loss": "inf"})
        send(**{**good, "metrics": {"test_loss": 0.5}})
    elif what == "held_out_nan":
        send(**{**good, "metrics": {"valid_loss": 0.5, "test_loss": "nan"}})
    elif what == "no_metric":
        send(**{**good, "metrics": {}})
    elif what == "unknown_metric":
        send(**{**good, "metrics": {"valid_los": 0.5}})
    elif what == "early":
        send(**{**good, "at": to - 1})
    elif what == "beyond":
        send(**{**good, "at": to + 1})
    elif what == "phantom_snapshot":
        send(**good, snapshot=True)
    elif what == "closes":
        os.close(WRITE)
        forever()
    elif what == "eats_memory_once":
        hoard = bytearray(300 << 20)
        hoard[::4096] = b"x" * len(hoard[::4096])
        forever()
    elif what == "leaks":
        hoard = [*(globals().get("hoard") or []), bytearray(b"x" * (60 << 20))]
        send(**{**good, "metrics": {"valid_loss": len(hoard)}})
    elif what == "forks":
        child = subprocess.Popen(["sleep", "3600"])
        with open(sys.argv[2], "w") as file:
            file.write(f"{os.getpid()} {child.pid}")
        send(**good)
    elif what == "environment":
        print(" ".join(sorted(os.environ)))
        send(type="failure", lease=number, kind="infeasible", error="Refused", message=os.environ["OMP_NUM_THREADS"])
    elif what == "dies_late":
        send(**good)
        time.sleep(0.1)
        sys.exit(0)
    elif what == "dies_at_third":
        if count == 3:
            sys.exit(4)
        send(**good)
    elif what == "tells_pid":
        send(**{**good, "metrics": {"valid_loss": os.getpid()}})
    elif what == "device_at_second":
        if count == 2:
            send(
                type="failure",
                lease=number,
                kind="device",
                error="RuntimeError",
                message="CUDA error: device-side assert triggered",
            )
            continue
        send(**{**good, "metrics": {"valid_loss": os.getpid()}})
    elif what == "dies_between":
        send(**good)
        sys.exit(0)
    else:
        send(**good)
