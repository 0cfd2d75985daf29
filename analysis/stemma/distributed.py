"""The process group of PyTorch in which several processes train a member together (trainer.processes)."""

import os


def process_group(backend=None):
    """Joins the processes of this member, on the first call, and returns their group (torch.distributed). It is kept
    for all trials of the program, so that a trial does not pay for it. With one process, or in a script that is tried
    by itself, it is a group of one.

    backend  "nccl" (default with a GPU, which becomes the current device) or "gloo" (default without)
    """
    import torch
    from torch import distributed

    if distributed.is_initialized():
        return distributed.group.WORLD
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", 0)) % torch.cuda.device_count())
    backend = backend or ("nccl" if torch.cuda.is_available() else "gloo")
    if "RANK" in os.environ and "MASTER_PORT" in os.environ:
        distributed.init_process_group(backend)
    else:
        distributed.init_process_group(backend, store=distributed.HashStore(), rank=0, world_size=1)
    return distributed.group.WORLD
