"""hydra/sweeper=stemma: the settings, and the class that Hydra makes. The work is done in stemma.integrations.hydra,
which is imported when a sweep begins."""

from dataclasses import dataclass
from typing import Any, Dict, List, Optional

from hydra.core.config_store import ConfigStore
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


@dataclass
class StemmaSweeperConf:
    """The keys of hydra.sweeper. Tables have the keys of the job file (docs/job-reference.md)."""

    _target_: str = "hydra_plugins.hydra_stemma_sweeper.stemma_sweeper.StemmaSweeper"
    params: Optional[Dict[str, Any]] = None  # override -> choice(), range(), interval(), tag(log, interval()), ...
    metric: str = "objective"  # name of what the function returns; a dict may have more than one
    direction: str = "minimize"
    budget: Any = None  # 20 members
    scheduler: Any = None  # random: each member is trained once
    sampler: Any = None  # random
    workers: int = 1
    unit_override: Optional[str] = None  # such as trainer.epochs: is set to the epoch to train to
    start_override: Optional[str] = None  # such as ckpt_path: the file or folder to go on from, or null
    save_override: Optional[str] = None  # where to leave that file or folder
    seed_override: Optional[str] = None  # the member's seed, 31 bits
    job: Any = None  # further tables of the job
    program: str = "stemma"


ConfigStore.instance().store(
    group="hydra/sweeper", name="stemma", node=StemmaSweeperConf, provider="hydra_stemma_sweeper"
)


class StemmaSweeper(Sweeper):
    def __init__(self, **settings: Any) -> None:
        self._settings = settings

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self._hydra = {"hydra_context": hydra_context, "task_function": task_function, "config": config}

    def sweep(self, arguments: List[str]) -> Any:
        from stemma.integrations.hydra import Sweep

        return Sweep(self._settings, **self._hydra).run(arguments)
