"""The file or folder that a training leaves as its snapshot."""

import os
import shutil


def is_saved(path):
    """Is there a snapshot? Some libraries append a suffix of their own to the given name (np.savez: ".npz")."""
    if os.path.exists(path):
        return True
    found = _with_endings(path)
    if len(found) > 1:
        names = ", ".join(os.path.basename(one) for one in found)
        raise ValueError(
            f'the snapshot must be "{os.path.basename(path)}", a file or a folder, or one with an ending to that '
            f"name; there are {names}"
        )
    for one in found:
        os.rename(one, path)
    return bool(found)


def _with_endings(path):
    folder, name = os.path.split(path)
    return sorted(os.path.join(folder, one) for one in os.listdir(folder) if one.startswith(name + "."))


def forget(path):
    """Removes what the training before left: a file that is there afterwards belongs to this training."""
    for one in (path, *_with_endings(path)):
        if os.path.isdir(one) and not os.path.islink(one):
            shutil.rmtree(one)
        elif os.path.lexists(one):
            os.unlink(one)
