#!/usr/bin/env bash
# The check of a GPU: one table of at most eight minutes (docs/development/README.md, "A real GPU").
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)

usage() {
    cat <<'TEXT'
tests/gpu/check.sh here [--build FOLDER] [--device cpu|xpu|cuda] [--rows REGEX] [--limit SECONDS]
    the rows with the programs of this tree's build folder; xpu: the pretend device (tests/support/pretend_device)
tests/gpu/check.sh prepare BUNDLE --wheel TORCH_FOLDER [--build FOLDER]
    builds against this PyTorch wheel, of the version that the machine with the GPU has, and puts into the folder BUNDLE
    all that the machine lacks: programs, libraries, Open MPI, data. At most 55 MB.
tests/gpu/check.sh run BUNDLE [--device cuda] [--rows REGEX] [--limit SECONDS]
    the rows with the programs of a bundle; needs a python3 that has PyTorch, and nothing else

Each row is printed as soon as it is known. Exit code 1: a row failed, or its time was over.
TEXT
}

# on_bundle BUNDLE OPTIONS...: with the bundle's Open MPI and libraries, and the LibTorch of python3.
on_bundle() {
    local bundle torch libraries folder
    bundle=$(readlink -f "$1")
    shift
    torch=$(python3 "$here/bundle.py" torch "$bundle")
    libraries=$bundle/lib:$torch/lib
    for folder in "$torch"/../nvidia/*/lib; do [[ ! -d $folder ]] || libraries+=:$(readlink -f "$folder"); done
    # Programs of the bundle alone: python3 keeps its own libraries.
    export STEMMA_CHECK_LIBRARIES=$libraries PATH=$bundle/bin:$PATH
    # Built with other folders than those of the bundle.
    export OPAL_BINDIR=$bundle/bin OPAL_LIBDIR=$bundle/lib OPAL_PKGLIBDIR=$bundle/lib/openmpi3 OPAL_DATADIR=$bundle/share \
        OPAL_PKGDATADIR=$bundle/share/openmpi OPAL_SYSCONFDIR=$bundle/etc
    export PMIX_LIBDIR=$bundle/lib PMIX_PKGLIBDIR=$bundle/lib/pmix PMIX_DATADIR=$bundle/share PMIX_PKGDATADIR=$bundle/share/pmix \
        PMIX_SYSCONFDIR=$bundle/etc
    export OMPI_MCA_plm=isolated # the machine may lack ssh, without which mpirun would not start
    # Tests of LeNet look there, as Debian has it.
    [[ -e /usr/share/datasets/fashion-mnist ]] ||
        { mkdir -p /usr/share/datasets && ln -s "$bundle/data/fashion-mnist" /usr/share/datasets/; } 2>/dev/null ||
        echo "LeNet's tests are left out: /usr/share/datasets cannot be written" >&2
    exec python3 "$here/check.py" --programs "$bundle/bin" --about "$bundle/about.json" --data "$bundle/data" "$@"
}

# Debian's interpreter, whatever comes first in PATH, if only that one has PyTorch.
python_with_torch() {
    local one
    for one in python3 /usr/bin/python3; do
        "$one" -c 'import importlib.util as u, sys; sys.exit(u.find_spec("torch") is None)' && { echo "$one"; return; }
    done
    echo python3
}

in_tree() {
    local build
    build=$(cd "$here/../.." && pwd)/build
    if [[ ${1:-} == --build ]]; then
        build=$(readlink -f "$2")
        shift 2
    fi
    exec "$(python_with_torch)" "$here/check.py" --programs "$build" --device cpu "$@"
}

case ${1:-} in
    here) shift; in_tree "$@" ;;
    prepare) shift; exec python3 "$here/bundle.py" prepare "$@" ;;
    run) (($# > 1)) || { usage >&2; exit 2; }; shift; on_bundle "$@" ;;
    -h | --help) usage ;;
    *) usage >&2; exit 2 ;;
esac
