"""Which folder may include which: the #include lines against the DEPENDS lists of src/*/CMakeLists.txt."""

import re

import pytest
import tree

LIBRARIES = tree.declared_libraries()
FOLDER_OF = {name: folder for folder, (name, _) in LIBRARIES.items()}

# Heavy libraries are leaves: one folder each sees them.
LEAVES = [
    (r"^(torch|ATen|c10|caffe2)/", "trainer/torch", "trainer/trainer.hpp"),
    (r"^(mpi\.h|boost/mpi)", "transport/mpi", "transport/endpoint.hpp"),
    (r"^(hdf5|H5)", "record/hdf5", "record/journal.hpp"),
    (r"^(Eigen/|nlopt)", "sampler/gp", "sampler/gp/gp.hpp"),
    (r"^toml\+\+", "app/job", "app/job/job.hpp"),
    (r"^CLI/", "app", "app/commands"),
]


def reachable(folder):
    """Folders that `folder` may include from: itself, and what it declares, at any distance."""
    seen, todo = set(), [folder]
    while todo:
        current = todo.pop()
        if current not in seen:
            seen.add(current)
            todo += [FOLDER_OF[name] for name in LIBRARIES[current][1] if name in FOLDER_OF]
    return seen


def test_there_are_libraries():
    assert len(LIBRARIES) >= 10, "src/*/CMakeLists.txt are not understood any more"


def test_no_cycles():
    for folder, (name, depends) in LIBRARIES.items():
        for dependency in depends:
            if dependency in FOLDER_OF:
                assert folder not in reachable(FOLDER_OF[dependency]), f"{name} and {dependency} depend on each other"


def test_lower_layers_never_know_the_program():
    for folder, (name, depends) in LIBRARIES.items():
        if not folder.startswith("app"):
            assert not any(FOLDER_OF.get(other, "").startswith("app") for other in depends), f"{name} depends on app/"


@pytest.mark.parametrize("folder", sorted(LIBRARIES))
def test_includes_follow_declared_dependencies(folder):
    allowed = reachable(folder)
    wrong = []
    for path in tree.cxx_files(tree.SRC / folder):
        if tree.owner(path, LIBRARIES) != folder:
            continue
        for number, name, quoted in tree.includes(path):
            target = tree.SRC / name
            if quoted and (path.parent / f"{name}.in").exists():  # made by CMake
                continue
            if quoted and not target.exists():
                wrong.append(f"{tree.place(path, number)}: no src/{name}; includes are written from src/")
            elif quoted and tree.owner(target, LIBRARIES) not in allowed:
                wrong.append(
                    f"{tree.place(path, number)}: {folder} does not declare a dependency on the folder of {name}"
                )
    assert not wrong, "\n".join(wrong)


def test_folders_within_the_torch_trainer_go_one_way():
    """The two folders are one library, for the sake of compile time. The files beside them may use all of it."""
    home = tree.SRC / "trainer/torch"
    allowed = {"data": [], "kernels": [], "hypergradient": [], "networks": ["data", "kernels", "hypergradient"]}
    wrong = []
    for folder, others in allowed.items():
        files = tree.cxx_files(home / folder)
        assert files, f"{home / folder} is gone"
        for path in files:
            for number, name, _ in tree.includes(path):
                target = (tree.SRC / name).parent
                if target.parent == home and target.name not in [folder, *others]:
                    wrong.append(f"{tree.place(path, number)}: {folder}/ does not use {target.name}/")
    assert not wrong, "\n".join(wrong)


def test_heavy_libraries_are_leaves():
    wrong = []
    for path in tree.cxx_files(tree.SRC):
        for number, name, _ in tree.includes(path):
            for pattern, home, instead in LEAVES:
                if re.match(pattern, name) and (tree.SRC / home) not in path.parents:
                    wrong.append(f"{tree.place(path, number)}: <{name}> is for src/{home} only; use {instead}")
    assert not wrong, "\n".join(wrong)


def test_heavy_libraries_do_not_leak_through_headers():
    """A header of a leaf folder that exposes its library to other folders would cost them its compile time."""
    wrong = []
    for path in tree.cxx_files(tree.SRC):
        folder = path.parent.relative_to(tree.SRC).as_posix()
        for number, name, quoted in tree.includes(path):
            target = tree.SRC / name
            if not quoted or not target.exists() or target.parent.relative_to(tree.SRC).as_posix() == folder:
                continue
            for pattern, home, _ in LEAVES[:3]:
                if (tree.SRC / home) in target.parents and (tree.SRC / home) not in path.parents:
                    if any(re.match(pattern, inner) for _, inner, _ in tree.includes(target)):
                        wrong.append(f"{tree.place(path, number)}: {name} brings {home}'s library along")
    assert not wrong, "\n".join(wrong)
