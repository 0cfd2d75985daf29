# Spack package, not tried with Spack. In the source tree, which has no address to load from yet:
#   spack repo add cmake/spack && spack dev-build stemma@main +torch
from spack.package import *


class Stemma(CMakePackage, CudaPackage):
    """MPI-parallel hyperparameter search (ASHA, Hyperband, PBT, GPBT) that trains with LibTorch and records in HDF5."""

    license("Apache-2.0")
    version("main", branch="main")

    variant("mpi", default=True, description="Workers as MPI ranks; without it they are threads of one process")
    variant("torch", default=True, description="LibTorch trainers; Python scripts need none of it")
    variant("tests", default=False, description="Build the unit tests")

    depends_on("c", type="build")
    depends_on("cxx", type="build")
    depends_on("cmake@3.22:", type="build")
    depends_on("ninja", type="build")

    depends_on("fmt@9:")
    depends_on("spdlog@1.10:")
    depends_on("tomlplusplus@3.3:")
    depends_on("cli11@2.3:")
    depends_on("nlohmann-json@3.11:")
    depends_on("random123")
    depends_on("xxhash")
    depends_on("zlib-api")
    depends_on("hdf5@1.10:~mpi")  # one writer; the program needs no parallel HDF5
    depends_on("eigen@3.4:")
    depends_on("nlopt@2.7:")
    depends_on("googletest@1.12:+gmock", when="+tests")

    depends_on("mpi@3:", when="+mpi")
    depends_on("boost@1.74:+mpi+serialization", when="+mpi")
    # Only Open MPI has been tried. Slurm's srun starts its ranks through PMIx.
    requires("^[virtuals=mpi] openmpi", when="+mpi", msg="only Open MPI has been tried")
    depends_on("py-torch@2.6:+distributed", when="+torch")
    depends_on("py-torch@2.6:+cuda", when="+torch+cuda")

    generator("ninja")

    def cmake_args(self):
        args = [
            self.define_from_variant("STEMMA_WITH_MPI", "mpi"),
            self.define_from_variant("STEMMA_WITH_TORCH", "torch"),
            self.define_from_variant("STEMMA_TESTS", "tests"),
            self.define("STEMMA_BENCHMARKS", False),
        ]
        if self.spec.satisfies("+torch"):
            torch = self.spec["py-torch"]
            args.append(self.define("STEMMA_TORCH_WHEEL", join_path(torch.package.module.python_platlib, "torch")))
        return args

    @run_after("install")
    @on_package_attributes(run_tests=True)
    def check_install(self):
        stemma = Executable(self.prefix.bin.stemma)
        stemma("--version")
        stemma("check", join_path(self.prefix.share, "stemma", "jobs", "toy_asha.toml"))
