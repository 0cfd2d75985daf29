#include "trainer/process/environment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "trainer/process/messages.hpp"

namespace stemma {
namespace {

constexpr std::array<std::string_view, 16> launcher_prefixes{
    "OMPI_",   "PMIX_",     "PMI_",   "PMI2_", "PRTE_", "ORTE_",         "HYDRA_", "MPI_LOCAL",
    "MPIRUN_", "MV2_COMM_", "I_MPI_", "PALS_", "FLUX_", "TORCHELASTIC_", "SLURM_", "SLURMD_"};

constexpr std::array<std::string_view, 11> launcher_names{
    "RANK",        "LOCAL_RANK",       "GROUP_RANK",  "ROLE_RANK",        "NODE_RANK",      "WORLD_SIZE",
    "MASTER_ADDR", "LOCAL_WORLD_SIZE", "MASTER_PORT", "GROUP_WORLD_SIZE", "ROLE_WORLD_SIZE"};

/// Of the whole job, not of a task of it.
constexpr std::array<std::string_view, 15> kept{
    "SLURM_JOB_ID",        "SLURM_JOBID",        "SLURM_JOB_NAME",       "SLURM_JOB_USER",      "SLURM_JOB_ACCOUNT",
    "SLURM_JOB_PARTITION", "SLURM_JOB_END_TIME", "SLURM_JOB_START_TIME", "SLURM_CLUSTER_NAME",  "SLURM_SUBMIT_DIR",
    "SLURM_SUBMIT_HOST",   "SLURM_TMPDIR",       "SLURM_ARRAY_JOB_ID",   "SLURM_ARRAY_TASK_ID", "I_MPI_ROOT"};

}  // namespace

bool is_launcher_variable(std::string_view name) {
    if (std::ranges::find(kept, name) != kept.end()) return false;
    if (std::ranges::find(launcher_names, name) != launcher_names.end()) return true;
    return std::ranges::any_of(launcher_prefixes, [&](std::string_view prefix) { return name.starts_with(prefix); });
}

Environment child_environment(const Environment& parent, const ChildPlace& place) {
    Environment out;
    for (const auto& [name, value] : parent) {
        if (!is_launcher_variable(name)) out.emplace(name, value);
    }
    for (const auto* name : {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"}) {
        out.emplace(name, std::to_string(place.threads));  // a value that the user has set stays
    }
    if (place.mps_percentage > 0)
        out.emplace("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE", std::to_string(place.mps_percentage));
    out.emplace("PYTHONUNBUFFERED", "1");
    if (place.gpu_variable == "ROCR_VISIBLE_DEVICES") {
        for (const auto* name : {"HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL"}) out.erase(name);
    }
    out.insert_or_assign(place.gpu_variable, fmt::format("{}", fmt::join(place.gpus, ",")));
    out.insert_or_assign("STEMMA_PROTOCOL", std::to_string(process_protocol_version));
    out.insert_or_assign("STEMMA_READ_FD", std::to_string(child_read_descriptor));
    out.insert_or_assign("STEMMA_WRITE_FD", std::to_string(child_write_descriptor));
    return out;
}

}  // namespace stemma
