# shellcheck shell=bash
# What ./run and ./test share: packages, build, mpirun. Sourced; the caller sets root, the top of the tree.
: "${root:?is set by the caller}"

packages=(g++ cmake ninja-build ccache
          libopenmpi-dev openmpi-bin libboost-dev libboost-mpi-dev
          libtorch-dev libopenblas0-pthread dataset-fashion-mnist
          libhdf5-dev libtomlplusplus-dev libcli11-dev libspdlog-dev libfmt-dev nlohmann-json3-dev librandom123-dev libxxhash-dev zlib1g-dev
          libeigen3-dev libnlopt-dev libgtest-dev libgmock-dev libbenchmark-dev
          python3 python3-h5py python3-numpy python3-pandas python3-matplotlib python3-networkx python3-sklearn)
# Only ./test: PyTorch for the scripts of users, a browser for the pages, a real Slurm for the batch scripts.
test_packages=(python3-torch python3-cloudpickle python3-ipykernel python3-yaml python3-pytest python3-pytest-rerunfailures python3-pytest-xdist python3-selenium chromium chromium-driver python3-nbformat python3-biopython
               python3-pip python3-setuptools python3-wheel slurm-wlm munge iproute2 faketime bindfs clang-tidy-19)

# A distribution may lack these: what needs them is left out then, and that is said.
optional=(ccache libtorch-dev libopenblas0-pthread dataset-fashion-mnist libbenchmark-dev python3-h5py python3-numpy python3-pandas
          python3-matplotlib python3-networkx python3-sklearn "${test_packages[@]}")
# Only ./run --wheel: what goes into the program, most of it as static libraries.
wheel_packages=(g++ cmake ninja-build libopenmpi-dev libboost-dev libboost-mpi-dev libhdf5-dev libaec-dev libtomlplusplus-dev libcli11-dev
                libspdlog-dev libfmt-dev nlohmann-json3-dev librandom123-dev libxxhash-dev zlib1g-dev libeigen3-dev libnlopt-dev python3)

unavailable=() # those of them that the distribution lacks (install_packages)
wrapper=() # what runs build tools and tests, if anything

say() { printf '%s\n' "$@" >&2; }
die() { say "$@"; exit 2; }

# install_packages [MORE...]: installs what is missing of the packages and those, with one apt line that is shown first.
install_packages() {
    [[ -z ${STEMMA_SKIP_PACKAGES:-} ]] || return 0
    command -v dpkg-query >/dev/null ||
        die "This is not a Debian system: install what docs/install.md lists, then set STEMMA_SKIP_PACKAGES=1."
    local package missing=()
    for package in "${packages[@]}" "$@"; do
        [[ $package == libtorch-dev && -n ${STEMMA_TORCH:-} ]] && continue
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    leave_out_unavailable
    ((${#missing[@]})) || return 0

    local line="apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
    if ((EUID == 0)); then
        say "Installing what is missing:" "" "    $line" ""
        DEBIAN_FRONTEND=noninteractive bash -c "$line" >&2 || die "apt-get failed (see above)."
    elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [[ -t 0 ]]; }; then
        say "Installing what is missing:" "" "    sudo sh -c '$line'" ""
        sudo DEBIAN_FRONTEND=noninteractive sh -c "$line" >&2 || die "apt-get failed (see above)."
    else
        die "Packages are missing, and this user may not install any. Ask the administrator for:
" "    $line
" "On a cluster where they come from modules or Spack, load those and set STEMMA_SKIP_PACKAGES=1."
    fi
}

# Takes out of `missing` what is optional and not in the distribution, and says so. Without lists of packages nothing is known.
leave_out_unavailable() {
    local package kept=()
    apt-cache show g++ >/dev/null 2>&1 || { ((EUID == 0)) && apt-get update >&2; }
    for package in "${missing[@]}"; do
        if [[ " ${optional[*]} " == *" $package "* ]] && apt-cache show g++ >/dev/null 2>&1 && ! apt-cache show "$package" >/dev/null 2>&1; then
            unavailable+=("$package")
        else
            kept+=("$package")
        fi
    done
    missing=("${kept[@]}")
    ((${#unavailable[@]})) || return 0
    say "This distribution has no ${unavailable[*]}: going on without."
    [[ " ${unavailable[*]} " != *" libtorch-dev "* ]] ||
        say "Without LibTorch there is no trainer.type = \"torch\"; to have it, install PyTorch's wheel: docs/install.md, \"With a GPU\"."
}

# Of this process; nproc alone would print OMP_NUM_THREADS, which is for trainings.
cores() { env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc; }

# Compilers at a time: one a core, and 1.5 GB for each (a file that includes LibTorch takes that much).
build_jobs() {
    local memory jobs
    memory=$(awk '/^MemAvailable:/ { print int($2 / 1500000) }' /proc/meminfo)
    jobs=$(cores)
    ((memory < jobs)) && jobs=$memory
    echo $((jobs > 1 ? jobs : 1))
}

# build PRESET FOLDER TARGET...: configures if need be (with $wheel, if there is one); says little unless it fails.
build() {
    local preset=$1 folder=$2 log="$2/build.log" options=()
    shift 2
    mkdir -p "$folder"
    [[ ${CI:-} == true ]] && options+=(-DSTEMMA_WARNINGS_AS_ERRORS=ON)
    if [[ $preset == release ]]; then
        [[ " ${unavailable[*]} " != *" libtorch-dev "* ]] || options+=(-DSTEMMA_WITH_TORCH=OFF)
        [[ " ${unavailable[*]} " != *" libbenchmark-dev "* ]] || options+=(-DSTEMMA_BENCHMARKS=OFF)
    fi
    [[ -n ${wheel:-} && $preset == release ]] && options+=("-DSTEMMA_TORCH_WHEEL=$wheel")
    if [[ ! -e $folder/build.ninja || $(cat "$folder/options" 2>/dev/null) != "${options[*]}" ]]; then
        if ! cmake --preset "$preset" -S "$root" -B "$folder" "${options[@]}" >"$log" 2>&1; then
            cat "$log" >&2
            say "Configuring $folder failed (above). Its whole log: $log"
            return 1
        fi
        echo "${options[*]}" >"$folder/options"
    fi
    local started=$SECONDS
    NINJA_STATUS='[%f/%t] ' "${wrapper[@]}" ninja -C "$folder" -j "$(build_jobs)" "$@" 2>&1 | tee "$log" | show_progress "${folder##*/}"
    if ((PIPESTATUS[0])); then
        grep -A 40 -m 1 -E '^FAILED|error:' "$log" >&2 || tail -n 40 "$log" >&2
        say "Building ${folder##*/} failed (above). Its whole log: $log"
        return 1
    fi
    if ((SECONDS - started >= 5)); then say "Built ${folder##*/} in $((SECONDS - started)) s."; fi
}

# Shows Ninja's lines as one line that is redrawn, if standard error is a terminal.
show_progress() {
    local line
    while IFS= read -r line; do
        [[ -t 2 && $line =~ ^\[([0-9]+)/([0-9]+)\] ]] || continue
        printf '\rBuilding %s: %s of %s ' "$1" "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" >&2
        [[ ${BASH_REMATCH[1]} == "${BASH_REMATCH[2]}" ]] && printf '\r\033[K' >&2
    done
    return 0
}

# The name of the first GPU, or nothing.
gpu_name() {
    [[ -e /proc/driver/nvidia/version || -e /dev/nvidiactl ]] || return 0
    nvidia-smi --query-gpu=name --format=csv,noheader 2>/dev/null | head -n 1
}

# trainer_of JOB.toml [PATH=VALUE...]: trainer.type, as far as it stands on a line of its own or in [trainer]; "" if it is not found.
trainer_of() {
    local job=$1 type one
    shift
    type=$(sed -nE '/^[[:space:]]*\[/{s/^[[:space:]]*\[[[:space:]]*([a-z._]*).*/\1/;h;d};G;s/[[:space:]]*=[[:space:]]*/=/;
        s/^[[:space:]]*type="([a-z_]+)".*\ntrainer$/\1/p;s/^[[:space:]]*trainer(\.type=|=.*type[[:space:]]*=[[:space:]]*)"([a-z_]+)".*/\2/p' "$job" | head -n 1)
    for one in "$@"; do [[ $one != trainer.type=* ]] || type=$(tr -d '"'"'" <<<"${one#*=}"); done
    echo "$type"
}

# The torch folder of a PyTorch wheel: STEMMA_TORCH (that folder, or a virtual environment), or one in build-torch/.
find_torch_wheel() {
    local candidate
    for candidate in ${STEMMA_TORCH:+"$STEMMA_TORCH" "$STEMMA_TORCH"/lib/python3*/site-packages/torch} \
        "$root"/build-torch/lib/python3*/site-packages/torch; do
        [[ -e $candidate/lib/libtorch_cpu.so ]] && { realpath "$candidate"; return 0; }
    done
    [[ -z ${STEMMA_TORCH:-} ]] || die "STEMMA_TORCH=$STEMMA_TORCH: no lib/libtorch_cpu.so in it. Print the right folder with:
" "    python3 -c 'import torch, os; print(os.path.dirname(torch.__file__))'"
}

# environment_of NAME: the Python with the packages of .ci/NAME.txt, in a virtual environment outside the tree. It is made once for
# each content of that file; only the newest is kept. Prints nothing and fails if it cannot be made.
environment_of() {
    local list=$root/.ci/$1.txt folder=${XDG_CACHE_HOME:-$HOME/.cache}/stemma-ci place old
    place=$folder/$1-$(sha256sum <"$list" | cut -c 1-12)
    if [[ ! -e $place/ready ]]; then
        say "Installing the packages of .ci/$1.txt"
        mkdir -p "$folder"
        for old in "$folder/$1"-*; do rm -rf "$old"; done
        { /usr/bin/python3 -m venv "$place" && "$place/bin/pip" install --quiet --no-cache-dir -r "$list"; } >&2 || return 1
        touch "$place/ready"
    fi
    echo "$place/bin/python"
}

# not_built STAGE: a stage that cannot be built counts as one failed test (in the folder $results).
not_built() {
    printf '<testsuite><testcase classname="%s" name="build" status="fail"><failure/></testcase></testsuite>\n' "$1" >"$results/$1.xml"
}

# mpi_options RANKS: sets mpi_options for that many ranks here, and the variables that Open MPI needs.
set_mpi_options() {
    # Threads of a worker may use every core it is given; 20 s between mpirun's SIGTERM and SIGKILL to end in order;
    # the death of one worker is the manager's business, not the end of the run.
    mpi_options=(--bind-to none --mca odls_base_sigkill_timeout 20 --enable-recovery)
    if [[ -z ${SLURM_JOB_ID:-} ]]; then
        (($1 > $(nproc))) && mpi_options+=(--oversubscribe)
        export OMPI_MCA_btl_tcp_if_include=lo # one host: never a wrong network interface
    fi
    if ((EUID == 0)); then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
}
