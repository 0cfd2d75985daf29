#include "trainer/process/environment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stemma {
namespace {

using testing::Contains;
using testing::Key;
using testing::Not;
using testing::Pair;

TEST(ChildEnvironment, NothingOfALauncherIsLeft) {
    Environment parent;
    for (const auto* name : {"OMPI_COMM_WORLD_RANK",
                             "OMPI_MCA_btl",
                             "PMIX_RANK",
                             "PMI_FD",
                             "PMI2_x",
                             "PRTE_y",
                             "SLURM_PROCID",
                             "SLURM_NTASKS",
                             "SLURM_LOCALID",
                             "SLURM_STEP_ID",
                             "SLURM_STEPID",
                             "SLURM_TASKS_PER_NODE",
                             "SLURMD_NODENAME",
                             "SLURM_CPU_BIND",
                             "RANK",
                             "WORLD_SIZE",
                             "LOCAL_RANK",
                             "MASTER_ADDR",
                             "TORCHELASTIC_RUN_ID",
                             "HYDRA_x",
                             "FLUX_TASK_RANK",
                             "I_MPI_HYDRA_HOST_FILE"}) {
        parent[name] = "1";
    }

    for (const auto& [name, value] : child_environment(parent, {})) EXPECT_FALSE(parent.contains(name)) << name;
}

TEST(ChildEnvironment, TheRestStays) {
    const Environment parent{{"PATH", "/bin"}, {"SLURM_JOB_ID", "17"}, {"I_MPI_ROOT", "/opt"},
                             {"RANKS", "2"},   {"HOME", "/home/u"},    {"OMP_PROC_BIND", "true"}};

    const auto child = child_environment(parent, {});

    for (const auto& [name, value] : parent) EXPECT_THAT(child, Contains(Pair(name, value)));
}

TEST(ChildEnvironment, ThreadsAndGpusAreThePlaces) {
    const auto child = child_environment({{"CUDA_VISIBLE_DEVICES", "0,1,2,3"}}, {3, {"GPU-a", "GPU-b"}});

    EXPECT_THAT(child, Contains(Pair("OMP_NUM_THREADS", "3")));
    EXPECT_THAT(child, Contains(Pair("MKL_NUM_THREADS", "3")));
    EXPECT_THAT(child, Contains(Pair("CUDA_VISIBLE_DEVICES", "GPU-a,GPU-b")));
    EXPECT_THAT(child, Contains(Pair("STEMMA_READ_FD", "3")));
    EXPECT_THAT(child, Contains(Pair("STEMMA_WRITE_FD", "4")));
}

TEST(ChildEnvironment, WithoutAGpuNoneIsSeen) {
    EXPECT_THAT(child_environment({}, {}), Contains(Pair("CUDA_VISIBLE_DEVICES", "")));

    const auto amd = child_environment({{"HIP_VISIBLE_DEVICES", "0"}, {"ROCR_VISIBLE_DEVICES", "0,1"}},
                                       {3, {"GPU-a"}, "ROCR_VISIBLE_DEVICES"});
    EXPECT_THAT(amd, Contains(Pair("ROCR_VISIBLE_DEVICES", "GPU-a")));
    EXPECT_THAT(amd, Not(Contains(Key("HIP_VISIBLE_DEVICES")))) << "it would choose among what ROCr leaves";
    EXPECT_THAT(amd, Not(Contains(Key("CUDA_VISIBLE_DEVICES"))));
    EXPECT_THAT(child_environment({}, {3, {"2"}, "ZE_AFFINITY_MASK"}), Contains(Pair("ZE_AFFINITY_MASK", "2")));
}

TEST(ChildEnvironment, ThreadsThatTheUserSetStay) {
    EXPECT_THAT(child_environment({{"OMP_NUM_THREADS", "2"}}, {8, {}}), Contains(Pair("OMP_NUM_THREADS", "2")));
}

TEST(ChildEnvironment, AWorkersShareOfAGpuUnderMpsIsItsOwnUnlessTheUserSaysAnother) {
    const ChildPlace place{.gpus = {"GPU-1"}, .mps_percentage = 25};

    EXPECT_EQ(child_environment({}, place).at("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE"), "25");
    EXPECT_EQ(
        child_environment({{"CUDA_MPS_ACTIVE_THREAD_PERCENTAGE", "60"}}, place).at("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE"),
        "60");
    EXPECT_FALSE(child_environment({}, {}).contains("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE"));
}

}  // namespace
}  // namespace stemma
