"""The sweeper of Hydra, with Hydra itself: the scripts are as Hydra's users write them."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from harness import ROOT

pytestmark = pytest.mark.pypi

SCRIPT = """\
import hydra

@hydra.main(version_base=None, config_path="conf", config_name="config")
def main(config):
    assert config.db.port in (3306, 5432)
    return (config.model.lr - 0.1) ** 2 + config.model.depth

if __name__ == "__main__":
    main()
"""

CONFIG = """\
defaults:
  - db: mysql
model: {lr: 1.0, depth: 5, name: plain}
epochs: 1
"""


@pytest.fixture
def script(stemma):
    """Runs train.py with these words, and returns what it printed."""
    folder = stemma.folder
    (folder / "conf/db").mkdir(parents=True)
    (folder / "train.py").write_text(SCRIPT)
    (folder / "conf/config.yaml").write_text(CONFIG)
    (folder / "conf/db/mysql.yaml").write_text("port: 3306\n")
    (folder / "conf/db/postgres.yaml").write_text("port: 5432\n")

    programs = folder / "programs"  # where `stemma` is found
    programs.mkdir()
    (programs / "stemma").symlink_to(stemma.binary)

    def start(*words):
        return subprocess.Popen(
            [sys.executable, "train.py", *words],
            cwd=folder,
            env=stemma.env | {"PYTHONPATH": str(ROOT / "analysis"), "PATH": f"{programs}:{os.environ['PATH']}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(*words, code=0):
        with start(*words) as process:
            said = process.communicate(timeout=120)[0]
        assert (process.returncode != 0) == bool(code), said
        return said

    run.start = start
    run.folder = folder
    return run


SWEEP = ["--multirun", "hydra/sweeper=stemma", "hydra.sweep.dir=sweep", "hydra.sweeper.budget={members: 8}"]
LR = "model.lr=tag(log, interval(1e-3, 1.0))"


def exported(stemma, path="sweep/stemma.h5"):
    return json.loads(stemma("export", path, "--json", "-").stdout)


def test_an_unchanged_script_is_searched(stemma, script):
    script(*SWEEP, LR, "model.depth=range(1, 4)", "db=choice(mysql, postgres)", "hydra.sweeper.workers=2")

    tables = exported(stemma)
    members = {one["member"]: one["configuration"] for one in tables["members"]}
    assert len(members) == 8 and {one["db"] for one in members.values()} == {"mysql", "postgres"}
    assert {one["model.depth"] for one in members.values()} <= {1, 2, 3}
    for report in tables["reports"]:
        member = members[report["member"]]
        assert report["objective"] == pytest.approx((member["model.lr"] - 0.1) ** 2 + member["model.depth"])
        overrides = (script.folder / f"sweep/{report['member']}/.hydra/overrides.yaml").read_text()
        assert f"db={member['db']}" in overrides and f"model.depth={member['model.depth']}" in overrides
    assert len({one["worker"] for one in tables["leases"]}) == 2
    assert "every decision is the same" in stemma("verify", "sweep/stemma.h5").stdout


def test_results_are_where_hydras_own_sweepers_write_them(stemma, script):
    from omegaconf import OmegaConf

    words = ["model.depth=choice(1, 7)", "model.name=${model.depth}", "~epochs", "hydra.sweeper.direction=maximize"]
    script(*SWEEP, LR, *words)

    results = OmegaConf.load(script.folder / "sweep/optimization_results.yaml")
    assert results.name == "stemma" and set(results.best_params) == {"model.lr", "model.depth"}
    assert results.best_value == max(one["objective"] for one in exported(stemma)["reports"])
    assert results.best_params["model.depth"] == 7
    assert "model.name=${model.depth}" in (script.folder / "sweep/0/.hydra/overrides.yaml").read_text()


def test_the_search_space_of_the_config(stemma, script):
    (script.folder / "conf/config.yaml").write_text(
        CONFIG.replace("  - db: mysql\n", "  - db: mysql\n  - override hydra/sweeper: stemma\n  - _self_\n")
        + """\
hydra:
  mode: MULTIRUN
  sweep: {dir: sweep}
  sweeper:
    params:
      model.lr: tag(log, interval(0.001, 1.0))
      model.depth: int(interval(1, 4))
      model.name: choice("a b", 'c=d', true)
      +extra: range(0.0, 1.0, 0.25)
    budget: {members: 12}
    sampler: {type: sobol}
"""
    )
    (script.folder / "train.py").write_text(
        SCRIPT.replace(
            "    return",
            "    assert config.model.name in ('a b', 'c=d', True) and config.extra in (0, 0.25, 0.5, 0.75)\n    return",
        )
    )
    script()

    tables = exported(stemma)
    assert len(tables["reports"]) == 12
    assert len({one["configuration"]["model.name"] for one in tables["members"]}) == 3
    assert len({one["configuration"]["extra"] for one in tables["members"]}) == 4


def test_units_are_an_override(stemma, script):
    (script.folder / "train.py").write_text(SCRIPT.replace("+ config.model.depth", "+ 1 / config.epochs"))
    scheduler = "hydra.sweeper.scheduler={type: asha, max: 9, eta: 3}"
    script(*SWEEP, LR, "hydra.sweeper.unit_override=epochs", scheduler)

    tables = exported(stemma)
    rates = {one["member"]: one["configuration"]["model.lr"] for one in tables["members"]}
    assert {one["resource"] for one in tables["reports"]} > {1, 3}
    for report in tables["reports"]:
        wanted = (rates[report["member"]] - 0.1) ** 2 + 1 / report["resource"]
        assert report["objective"] == pytest.approx(wanted)


def test_snapshots_and_seeds_are_overrides(stemma, script):
    (script.folder / "train.py").write_text(
        """\
import hydra

@hydra.main(version_base=None, config_path="conf", config_name="config")
def main(config):
    done = int(open(config.start).read()) if config.start else 0
    assert config.seed < 2**31
    open(config.save, "w").write(str(config.epochs))
    return {"objective": config.model.lr, "before": done}

main()
"""
    )
    (script.folder / "conf/config.yaml").write_text(CONFIG + "start: null\nsave: null\nseed: 0\n")
    names = {"unit": "epochs", "start": "start", "save": "save", "seed": "seed"}
    script(
        *SWEEP,
        LR,
        *(f"hydra.sweeper.{name}_override={key}" for name, key in names.items()),
        "hydra.sweeper.scheduler={type: asha, max: 9, eta: 3}",
        "hydra.sweeper.job={trainer: {metrics: [objective, before]}}",
    )

    reports = exported(stemma)["reports"]
    assert {one["resource"]: one["before"] for one in reports} == {1: 0, 3: 1, 9: 3}


def test_an_exception_fails_its_member_only(stemma, script):
    (script.folder / "train.py").write_text(
        SCRIPT.replace("    return", "    if config.model.depth == 2: raise RuntimeError('too deep')\n    return")
    )
    script(*SWEEP, LR, "model.depth=choice(1, 2)")

    tables = exported(stemma)
    assert {one["message"].splitlines()[0] for one in tables["failures"]} == {"too deep"}
    depths = {one["member"]: one["configuration"]["model.depth"] for one in tables["members"]}
    assert {depths[one["member"]] for one in tables["reports"]} == {"1"}


def test_the_same_sweep_goes_on_after_ctrl_c(stemma, script):
    (script.folder / "train.py").write_text(
        SCRIPT.replace("    return", "    import time; time.sleep(0.5)\n    return")
    )
    with script.start(*SWEEP, LR) as process:
        while process.poll() is None and not (script.folder / "sweep/2/train.log").exists():
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)
        said = process.communicate(timeout=60)[0]
    assert "To go on with it: the same command again" in said, said
    before = len(exported(stemma)["reports"])
    assert 0 < before < 8

    script(*SWEEP, LR)
    assert len(exported(stemma)["reports"]) == 8
    assert "every decision is the same" in stemma("verify", "sweep/stemma.h5").stdout


@pytest.mark.parametrize(
    "words, said",
    [
        (["hydra/launcher=other", LR], "takes no launcher"),
        ([], "nothing to search"),
    ],
)
def test_what_is_refused(script, words, said):
    (script.folder / "conf/hydra/launcher").mkdir(parents=True)
    (script.folder / "conf/hydra/launcher/other.yaml").write_text("_target_: somewhere.OtherLauncher\n")
    assert said in script(*SWEEP, *words, code=1)


def test_a_run_without_multirun_is_hydras(script):
    script("model.lr=0.1", "hydra.run.dir=single")
    assert os.path.exists(script.folder / "single/.hydra") and not os.path.exists(script.folder / "sweep")
