#pragma once
// The environment that a trainer's program is started with.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "platform/launch.hpp"

namespace stemma {

/// True for variables that a launcher sets for one of its own ranks. A program that finds them believes to be that
/// rank. MPI_Init, mpi4py, PyTorch Lightning and torch.distributed then wait for ranks that do not exist. Removed are
///   all OMPI_*, PMIX_*, PMI_*, PMI2_*, PRTE_*, ORTE_*, HYDRA_*, MPI_LOCAL*, MPIRUN_*, MV2_COMM_*, I_MPI_* but
///     I_MPI_ROOT, PALS_*, FLUX_*, TORCHELASTIC_*;
///   RANK, LOCAL_RANK, GROUP_RANK, ROLE_RANK, NODE_RANK, WORLD_SIZE, LOCAL_WORLD_SIZE, GROUP_WORLD_SIZE,
///     ROLE_WORLD_SIZE, MASTER_ADDR, MASTER_PORT;
///   all SLURM_* and SLURMD_* but the variables of the job as a whole: SLURM_JOB_ID, SLURM_JOBID, SLURM_JOB_NAME,
///     SLURM_JOB_USER, SLURM_JOB_ACCOUNT, SLURM_JOB_PARTITION, SLURM_JOB_END_TIME, SLURM_JOB_START_TIME,
///     SLURM_CLUSTER_NAME, SLURM_SUBMIT_DIR, SLURM_SUBMIT_HOST, SLURM_TMPDIR, SLURM_ARRAY_JOB_ID, SLURM_ARRAY_TASK_ID.
bool is_launcher_variable(std::string_view name);

struct ChildPlace {
    std::uint32_t threads = 1;
    /// Values for `gpu_variable`; empty: no GPU is visible.
    std::vector<std::string> gpus = {};
    std::string gpu_variable = "CUDA_VISIBLE_DEVICES";
    std::uint32_t mps_percentage = 0;  ///< CUDA_MPS_ACTIVE_THREAD_PERCENTAGE, unless set already; 0 = none
};

/// `parent` without a launcher's variables, with STEMMA_PROTOCOL, STEMMA_READ_FD, STEMMA_WRITE_FD and the variable of
/// its GPUs. ROCR_VISIBLE_DEVICES takes the place of the variables that choose among what it leaves
/// (HIP_VISIBLE_DEVICES, CUDA_VISIBLE_DEVICES, GPU_DEVICE_ORDINAL). Unless set already, also OMP_NUM_THREADS,
/// MKL_NUM_THREADS, OPENBLAS_NUM_THREADS and NUMEXPR_NUM_THREADS. PYTHONUNBUFFERED is set so that the last output of a
/// Python program is not lost. Pure.
Environment child_environment(const Environment& parent, const ChildPlace& place);

/// The protocol's descriptors in a started program.
inline constexpr int child_read_descriptor = 3;
inline constexpr int child_write_descriptor = 4;

}  // namespace stemma
