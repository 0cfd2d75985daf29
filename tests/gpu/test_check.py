"""The check of a GPU, without one: on the processor, on the pretend device, and with programs that only fail."""

import os
import re
import subprocess
import sys
from pathlib import Path

import bundle
import check
import gtests
import pytest
from machine import Cut, Failed, Machine, NotHere
from rows import ROWS, Row

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("STEMMA", ROOT / "build/stemma")).resolve().parent


def has_torch():
    said = subprocess.run([BUILD / "stemma", "--version"], capture_output=True, text=True, check=True).stdout
    return "no LibTorch" not in said


def rows_here(*words):
    """({row: value}, exit code) of check.sh here."""
    if not has_torch():
        pytest.skip("built without LibTorch")
    command = [ROOT / "tests/gpu/check.sh", "here", "--build", BUILD, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    lines = [line.strip("| ").split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")]
    return {name: value for name, value, *_ in lines[2:]}, done.returncode, done.stdout


@pytest.mark.flaky(reruns=1)
def test_each_row_has_a_value_on_the_processor():
    found, code, text = rows_here("--device", "cpu")
    assert list(found) == [row.name for row in ROWS], text
    assert code == 0, text
    not_here = {name for name, value in found.items() if value.startswith("n/a here: ")}
    assert not_here == {"failed assertion", "out of memory", "waits a step", "memory between members"}, text
    assert re.match(r"[1-9]\d* passed, 0 failed", found["contract tests"])
    assert re.search(r"samples/s, [\d.]+ x eager", found["speed, LeNet"])
    assert re.match(r"GPU check of \d{4}-\d\d-\d\d, commit \S+, src/trainer/torch [0-9a-f]{12}, cpu, LibTorch ", text)


@pytest.mark.flaky(reruns=1)
def test_what_only_a_device_shows_is_shown_by_the_pretend_one():
    if not (BUILD / "tests/support/pretend_device/libpretend_device.so").exists():
        pytest.skip("the pretend device is not built")
    rows = "failed assertion|out of memory|speed, ResNet|waits|memory between|gpbt"
    found, code, text = rows_here("--device", "xpu", "--rows", rows)
    assert code == 0, text
    assert found["failed assertion"].startswith("device (c10::Error): ")
    assert found["out of memory"].startswith("out_of_memory (c10::OutOfMemoryError): ")
    assert found["waits a step"] == "ResNet-18 plain 0"
    assert "MB after a large member" in found["memory between members"]
    assert "reports in" in found["gpbt, 4 workers on one GPU"]


def told_by(rows, limit=60, **programs):
    """(lines, whether no row failed) of a table of other rows."""
    lines = []
    sound = check.table(rows, programs.get("machine", Machine("cpu", "/", "/tmp")), limit, lines.append)
    return lines[1:], sound


def refusing(reason):
    def measure(_):
        raise reason

    return measure


def test_a_row_that_fails_does_not_stop_the_others():
    faults = [Failed("it fell\nover | there"), NotHere("no such thing"), KeyError("oops")]
    rows = [*(Row(type(fault).__name__, 5, refusing(fault)) for fault in faults), Row("last", 5, lambda _: ("1", "2"))]
    lines, sound = told_by(rows)
    assert not sound
    assert [line.split(" | ")[1] for line in lines] == [
        r"**failed**: it fell over \| there",
        "n/a here: no such thing",
        "**failed**: KeyError: 'oops'",
        "1",
    ]


def test_what_is_not_for_this_machine_is_no_fault():
    assert told_by([Row("one", 5, refusing(NotHere("a reason")))])[1]


def test_a_row_ends_with_its_time_and_with_the_time_of_all(tmp_path):
    waiting = Row("waits", 1, lambda machine: machine.run("sh", "-c", "echo begun; sleep 300"))
    lines, sound = told_by([waiting, Row("next", 5, lambda _: ("1", ""))], machine=Machine("cpu", "/", tmp_path))
    assert not sound
    assert "**failed**: cut after 1 s" in lines[0]
    assert lines[1].startswith("| next | 1 |")
    lines, _ = told_by([Row("late", 5, lambda _: ("1", ""))], limit=0)
    assert "**failed**: cut after" in lines[0]


def test_what_a_cut_command_had_printed_is_kept(tmp_path):
    machine = Machine("cpu", "/", tmp_path)
    machine.deadline = 0
    with pytest.raises(Cut) as cut:
        machine.run("sh", "-c", "echo begun; sleep 300 & wait")
    assert cut.value.output in ("", "begun\n")


def test_a_command_that_fails_is_told_with_its_last_line(tmp_path):
    machine = Machine("cpu", "/", tmp_path)
    with pytest.raises(Failed, match="sh: exit code 3: because"):
        machine.run("sh", "-c", "echo first; echo because; exit 3")
    with pytest.raises(Failed, match="sh: SIGSEGV: nothing was printed"):
        machine.run("sh", "-c", "kill -SEGV $$")
    with pytest.raises(Failed, match="gpu_probe is not in"):
        machine.program("gpu_probe")


def fake_program(folder, *lines):
    """A program of GoogleTest that prints these lines."""
    program = folder / "unit_networks"
    program.write_text("#!/bin/sh\n" + "".join(f"echo '{line}'\n" for line in lines))
    program.chmod(0o755)
    return Machine("cpu", folder, folder)


def test_tests_that_fail_are_named(tmp_path):
    ran = ["[ RUN      ] A.One", "[       OK ] A.One (1 ms)", "[ RUN      ] B/C.Two/x", "[  FAILED  ] B/C.Two/x, where"]
    machine = fake_program(tmp_path, *ran)
    result = gtests.run(machine, "unit_networks", "*")
    assert result == (1, ["B/C.Two/x"], False)
    with pytest.raises(Failed, match="1 passed, 1 failed: B/C.Two/x"):
        gtests.told([result])


def test_a_test_that_ends_the_program_has_failed(tmp_path):
    machine = fake_program(tmp_path, "[ RUN      ] A.One", "[       OK ] A.One (1 ms)", "[ RUN      ] A.Two")
    assert gtests.run(machine, "unit_networks", "*") == (1, ["A.Two"], False)


def test_no_test_at_all_is_a_fault(tmp_path):
    with pytest.raises(Failed, match="no test ran"):
        gtests.told([gtests.run(fake_program(tmp_path, "nothing"), "unit_networks", "*")])


LDD = """\
/build/stemma:
\tlinux-vdso.so.1 (0x00007ffe)
\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f)
\tlibstdc++.so.6 => /lib/x86_64-linux-gnu/libstdc++.so.6 (0x00007f)
\tlibtorch_cpu.so => /venv/site-packages/torch/lib/libtorch_cpu.so (0x00007f)
\tlibcudart.so.13 => /venv/site-packages/nvidia/cu13/lib/libcudart.so.13 (0x00007f)
\tlibmpi.so.40 => /opt/mpi/libmpi.so.40 (0x00007f)
\tlibcurl.so.4 => /opt/libcurl.so.4 (0x00007f)
\t/lib64/ld-linux-x86-64.so.2 (0x00007f)
"""


def test_a_bundle_has_what_neither_the_system_nor_pytorch_has():
    found = bundle.libraries(LDD, "/venv/site-packages/torch")
    assert found == {"libmpi.so.40": Path("/opt/mpi/libmpi.so.40"), "libcurl.so.4": Path("/opt/libcurl.so.4")}


def test_a_library_that_is_missing_here_stops_the_bundle():
    with pytest.raises(SystemExit, match=r"missing here: libnlopt\.so\.0"):
        bundle.libraries("\tlibnlopt.so.0 => not found\n", None)


def test_the_libraries_of_this_build_are_found():
    found = bundle.libraries_of([BUILD / "stemma"], None)
    assert any("hdf5" in name for name in found) and any("nlopt" in name for name in found)
    assert not any(name.startswith(("libc.", "libm.", "libstdc++", "ld-linux")) for name in found)
    assert all(path.is_file() for path in found.values())


def test_plugins_for_one_host_are_taken():
    names = {path.name for path in bundle.plugins(bundle.folders_of_open_mpi()["pkglibdir"])}
    assert {
        "mca_btl_self.so",
        "mca_btl_vader.so",
        "mca_pml_ob1.so",
        "mca_plm_isolated.so",
        "mca_odls_default.so",
    } <= names
    assert not any("ofi" in name or "ucx" in name or "slurm" in name for name in names)


def test_a_bundle_that_is_too_large_is_refused(tmp_path, capsys):
    (tmp_path / "bin").mkdir()
    with (tmp_path / "bin/large").open("wb") as file:
        file.truncate(55_000_001)
    assert not bundle.tell_size(tmp_path)
    assert "bin 55.0" in capsys.readouterr().out
    with (tmp_path / "bin/large").open("wb") as file:
        file.truncate(54_000_000)
    assert bundle.tell_size(tmp_path)


def test_a_bundle_for_another_pytorch_is_refused(tmp_path):
    (tmp_path / "about.json").write_text('{"torch": "2.11.0"}')
    site = tmp_path / "site/torch"
    site.mkdir(parents=True)
    (site / "__init__.py").touch()
    (site / "version.py").write_text("__version__ = '2.15.0+cu130'\n")
    command = [sys.executable, ROOT / "tests/gpu/bundle.py", "torch", tmp_path]
    environment = os.environ | {"PYTHONPATH": str(site.parent)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode != 0
    assert "built against torch 2.11.0" in done.stderr and "pip install torch==2.15.0" in done.stderr
    (tmp_path / "about.json").write_text('{"torch": "2.15.0"}')
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.stdout.strip() == str(site)
