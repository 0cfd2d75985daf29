"""Recipes of containers. There is no Apptainer here: its steps run in a Debian 12 of debootstrap."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from debian_root import CACHE, Root, debian_root

pytestmark = pytest.mark.install

ROOT = Path(__file__).resolve().parents[2]
RECIPE = ROOT / "cmake/apptainer/stemma.def"


def section(name):
    return re.search(rf"^%{name}\n(.*?)(?=^%|\Z)", RECIPE.read_text(), re.MULTILINE | re.DOTALL).group(1)


def copy_source(rootfs):
    subprocess.run(
        ["sh", "-e", "-c", section("setup")],
        cwd=ROOT,
        check=True,
        env={"PATH": "/usr/bin:/bin", "APPTAINER_ROOTFS": rootfs},
    )


def test_the_image_gets_what_git_knows(tmp_path):
    copy_source(str(tmp_path))
    copied = {str(path.relative_to(tmp_path / "src")) for path in tmp_path.rglob("*") if path.is_file()}
    ignored = subprocess.run(
        ["git", "check-ignore", "--stdin"],
        cwd=ROOT,
        input="\n".join(copied),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ignored.stdout == ""
    assert {"CMakeLists.txt", "src/app/main.cpp", "analysis/stemma/__init__.py", "slurm/stemma.sbatch"} <= copied


@pytest.mark.long
def test_the_images_steps():
    base = debian_root("bookworm", [])
    folder = CACHE / "apptainer-image"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        subprocess.run(["cp", "-a", base.folder, folder], check=True)
        copy_source(str(folder))
        image = Root(folder)
        image.run("sh", "-c", section("post").replace("{{ torch }}", ""), timeout=7200)
        image.run("sh", "-e", "-c", section("test"))
        script = (
            section("environment") + "stemma run /opt/stemma/share/stemma/jobs/toy_asha.toml -q -n 2 -o /tmp/toy.h5\n"
        )
        done = image.run(
            "sh", "-e", "-c", script + "stemma verify /tmp/toy.h5; stemma report /tmp/toy.h5 -o /tmp/toy.html"
        )
        assert "every decision is the same" in done.stdout and "toy.html" in done.stdout
        assert not (folder / "src").exists()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
