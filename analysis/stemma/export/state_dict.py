"""The weights of a built-in network as a PyTorch state_dict."""

from stemma.errors import StemmaError
from stemma.export.needed import needed
from stemma.snapshots import read_snapshot

_MODEL = "model/"  # names of the network's arrays in a snapshot begin with it


def to_state_dict(snapshot, target):
    """Writes {"fc1.weight": tensor, ...} of a snapshot file to `target`, for load_state_dict(torch.load(target))."""
    torch = needed("torch", "torch", "a PyTorch state_dict")
    arrays = read_snapshot(snapshot)
    weights = {name[len(_MODEL) :]: value for name, value in arrays.items() if name.startswith(_MODEL)}
    if not weights:
        names = ", ".join(sorted(arrays)[:3]) or "nothing"
        raise StemmaError(f"{target}: the snapshot has no network of Stemma's, but {names}; write an HDF5 file instead")
    torch.save({name: torch.as_tensor(value) for name, value in weights.items()}, target)
