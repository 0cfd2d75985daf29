#include "platform/launch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "core/error.hpp"
#include "support/errors.hpp"

namespace stemma {
namespace {

TEST(Launch, EmptyEnvironmentIsOneProcessStartedByHand) {
    const auto launch = launch_of({});

    EXPECT_EQ(launch.launcher, Launcher::none);
    EXPECT_EQ(launch.rank, 0);
    EXPECT_EQ(launch.size, 1);
    EXPECT_EQ(launch.job_id, "");
    EXPECT_FALSE(launch.end_time);
}

TEST(Launch, OpenMpi) {
    const auto launch = launch_of({{"OMPI_COMM_WORLD_RANK", "5"},
                                   {"OMPI_COMM_WORLD_SIZE", "8"},
                                   {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                                   {"OMPI_COMM_WORLD_LOCAL_SIZE", "4"}});

    EXPECT_EQ(launch.launcher, Launcher::openmpi);
    EXPECT_EQ(launch.rank, 5);
    EXPECT_EQ(launch.size, 8);
    EXPECT_EQ(launch.local_rank, 1);
    EXPECT_EQ(launch.local_size, 4);
}

TEST(Launch, SlurmStepWithUnevenNodes) {
    const auto launch = launch_of({{"SLURM_JOB_ID", "77"},
                                   {"SLURM_STEP_ID", "0"},
                                   {"SLURM_PROCID", "12"},
                                   {"SLURM_NTASKS", "99"},
                                   {"SLURM_STEP_NUM_TASKS", "14"},
                                   {"SLURM_LOCALID", "0"},
                                   {"SLURM_NODEID", "3"},
                                   {"SLURM_STEP_TASKS_PER_NODE", "4(x3),2"},
                                   {"SLURMD_NODENAME", "node4"},
                                   {"SLURM_JOB_END_TIME", "1700000000"}});

    EXPECT_EQ(launch.launcher, Launcher::slurm);
    EXPECT_EQ(launch.rank, 12);
    EXPECT_EQ(launch.size, 14);
    EXPECT_EQ(launch.local_size, 2);
    EXPECT_EQ(launch.host, "node4");
    EXPECT_EQ(launch.job_id, "77");
    EXPECT_EQ(launch.end_time, 1700000000);
}

TEST(Launch, MpirunInsideAnAllocationGoesByMpirun) {
    const auto launch = launch_of({{"SLURM_JOB_ID", "77"},
                                   {"SLURM_STEP_ID", "0"},
                                   {"SLURM_PROCID", "0"},
                                   {"SLURM_NTASKS", "1"},
                                   {"OMPI_COMM_WORLD_RANK", "2"},
                                   {"OMPI_COMM_WORLD_SIZE", "3"}});

    EXPECT_EQ(launch.launcher, Launcher::openmpi);
    EXPECT_EQ(launch.rank, 2);
    EXPECT_EQ(launch.job_id, "77");
}

TEST(Launch, BatchShellIsNoRank) {
    const auto launch = launch_of({{"SLURM_JOB_ID", "77"}, {"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "8"}});

    EXPECT_EQ(launch.launcher, Launcher::none);
    EXPECT_EQ(launch.size, 1);
    EXPECT_EQ(launch.job_id, "77");
}

TEST(Launch, RanksOfMpichAreRefused) {
    const Environment mpich{{"PMI_RANK", "2"}, {"PMI_SIZE", "3"}, {"PMI_FD", "7"}, {"MPI_LOCALNRANKS", "3"}};
    try {
        launch_of(mpich);
        FAIL();
    } catch (const ForeignLauncher& error) {
        EXPECT_EQ(error.rank, 2);
        EXPECT_THAT(error.what(), testing::HasSubstr("Open MPI 4.1 or 5"));
    }
    auto in_allocation = mpich;  // its helper is a task of a step with one task a node
    in_allocation.insert({{"SLURM_STEP_ID", "0"}, {"SLURM_PROCID", "0"}, {"SLURM_STEP_NUM_TASKS", "1"}});
    EXPECT_THROW(launch_of(in_allocation), ForeignLauncher);
}

TEST(Launch, PmiVariablesOfOtherLaunchers) {
    EXPECT_EQ(launch_of({{"PMI_RANK", "0"}, {"PMI_SIZE", "1"}}).launcher, Launcher::none) << "one process is no rank";
    EXPECT_EQ(
        launch_of({{"PMI_RANK", "1"}, {"PMI_SIZE", "3"}, {"OMPI_COMM_WORLD_RANK", "1"}, {"OMPI_COMM_WORLD_SIZE", "3"}})
            .launcher,
        Launcher::openmpi);
    EXPECT_EQ(launch_of({{"PMI_RANK", "1"},
                         {"PMI_SIZE", "3"},
                         {"SLURM_STEP_ID", "0"},
                         {"SLURM_PROCID", "1"},
                         {"SLURM_STEP_NUM_TASKS", "3"}})
                  .launcher,
              Launcher::slurm)
        << "srun --mpi=pmi2";
}

TEST(Launch, TaskOfAnArray) {
    const auto launch = launch_of({{"SLURM_JOB_ID", "80"}, {"SLURM_ARRAY_JOB_ID", "77"}, {"SLURM_ARRAY_TASK_ID", "4"}});

    EXPECT_EQ(launch.job_id, "77_4");
}

TEST(Launch, IsDescribedInOneLine) {
    EXPECT_EQ(describe({}), "");
    EXPECT_EQ(describe({.launcher = Launcher::openmpi, .size = 3}), "mpirun started 3 ranks");
    EXPECT_EQ(describe(launch_of({{"SLURM_JOB_ID", "77"},
                                  {"SLURM_JOB_NUM_NODES", "4"},
                                  {"SLURM_RESTART_COUNT", "1"},
                                  {"SLURM_CPUS_PER_TASK", "8"},
                                  {"SLURM_STEP_ID", "0"},
                                  {"SLURM_PROCID", "0"},
                                  {"SLURM_STEP_NUM_TASKS", "17"},
                                  {"SLURM_STEP_TASKS_PER_NODE", "5,4(x3)"}})),
              "Slurm job 77 (start 2), 4 nodes; srun started 17 ranks, cores each: 8");
}

TEST(TimeLeft, OrderlyIsATenthOfWhatIsLeftBeforeTheEnd) {
    const auto before_end = [](double left, std::optional<double> grace = std::nullopt) {
        const auto time = time_left({.end_time = 100000}, 100000 - left, grace).value();
        EXPECT_DOUBLE_EQ(time.whole, left);
        return time.whole - time.orderly;
    };
    EXPECT_FALSE(time_left({}, 0, 60));
    EXPECT_DOUBLE_EQ(before_end(600), 60);
    EXPECT_DOUBLE_EQ(before_end(50000), 120) << "at most two minutes";
    EXPECT_DOUBLE_EQ(before_end(60), 10) << "at least ten seconds";
    EXPECT_DOUBLE_EQ(default_grace(600, 2), 120) << "a stop that takes two units";
    const auto agreed = time_left({.end_time = 100000}, 100000 - 600, std::nullopt, 2).value();
    EXPECT_DOUBLE_EQ(agreed.whole - agreed.orderly, 120);
    EXPECT_DOUBLE_EQ(before_end(600, 300.0), 300) << "as wished";
}

TEST(TimeLeft, AWarningIsEarlyWhereItWouldCostMoreThanHalf) {
    const TimeLeft two_minutes{120, 108};
    EXPECT_TRUE(is_early_warning(two_minutes, 0));
    EXPECT_TRUE(is_early_warning(two_minutes, 59));
    EXPECT_FALSE(is_early_warning(two_minutes, 60));
    const TimeLeft hour{3600, 3480};
    EXPECT_FALSE(is_early_warning(hour, 3420)) << "Slurm sends it a minute early";
    EXPECT_FALSE(is_early_warning(hour, 10)) << "a preemption";
    EXPECT_FALSE(is_early_warning({-5, -15}, 0)) << "the end has passed";
}

TEST(Launch, NonsenseInAnyVariableIsAMistake) {
    for (const auto* name : {"SLURM_CPUS_PER_TASK", "SLURM_JOB_NUM_NODES", "SLURM_RESTART_COUNT", "SLURM_JOB_END_TIME",
                             "OMPI_COMM_WORLD_SIZE"}) {
        for (const auto* value : {"a", "-1", "1.5", " 1", "1 ", "99999999999999999999"}) {
            EXPECT_ERROR(launch_of({{name, value}, {"OMPI_COMM_WORLD_RANK", "0"}}), UserError,
                         "environment variable " + std::string(name) + " is \"" + value + "\"")
                << name << value;
        }
    }
    EXPECT_ERROR(launch_of({{"SLURM_CPUS_PER_TASK", "2147483648"}}), UserError, "SLURM_CPUS_PER_TASK is \"2147483648\"")
        << "more than an int";
    for (const auto* tasks : {"(x2)", "4(x", "4(x)", "x", "4(x99999999999)", ",", "4,,2"}) {
        EXPECT_ERROR(launch_of({{"SLURM_STEP_ID", "0"},
                                {"SLURM_PROCID", "0"},
                                {"SLURM_NODEID", "9"},
                                {"SLURM_STEP_TASKS_PER_NODE", tasks}}),
                     UserError, "environment variable SLURM_STEP_TASKS_PER_NODE is \"")
            << tasks;
    }
}

TEST(Launch, NonsenseNamesTheVariableAndItsValue) {
    const auto read = [] { return launch_of({{"OMPI_COMM_WORLD_SIZE", "four"}, {"OMPI_COMM_WORLD_RANK", "0"}}); };

    EXPECT_THAT(read, testing::ThrowsMessage<UserError>(
                          testing::AllOf(testing::HasSubstr("OMPI_COMM_WORLD_SIZE"), testing::HasSubstr("\"four\""))));
}

TEST(Launch, RankBeyondSizeIsRefused) {
    const auto read = [] { return launch_of({{"OMPI_COMM_WORLD_SIZE", "2"}, {"OMPI_COMM_WORLD_RANK", "2"}}); };

    EXPECT_THAT(read, testing::ThrowsMessage<UserError>(testing::HasSubstr("rank 2 of 2")));
}

TEST(Launch, ReadEnvironmentHasWhatWasSet) {
    ASSERT_EQ(::setenv("STEMMA_TEST_VARIABLE", "a=b", 1), 0);

    const auto environment = read_environment();

    EXPECT_EQ(environment.at("STEMMA_TEST_VARIABLE"), "a=b");
}

TEST(ExitCode, IsRankZerosOwn) {
    EXPECT_EQ(exit_code_for_launcher(75, {.rank = 0, .size = 2}, {}), 75);
    EXPECT_EQ(exit_code_for_launcher(75, {.rank = 1, .size = 2}, {}), 0);
}

TEST(ExitCode, GoesRoundTheLauncherByAFile) {
    const auto path = testing::TempDir() + "stemma_exit_code";
    const Environment environment{{"STEMMA_EXIT_CODE_FILE", path}};

    EXPECT_EQ(exit_code_for_launcher(75, {.rank = 0, .size = 2}, environment), 0);
    EXPECT_EQ(exit_code_for_launcher(70, {.rank = 1, .size = 2}, environment), 0);

    std::string written;
    std::getline(std::ifstream(path), written);
    EXPECT_EQ(written, "75");
}

TEST(ExitCode, IsNotHiddenByAnUnwritableFile) {
    const Environment environment{{"STEMMA_EXIT_CODE_FILE", "/no/such/folder/code"}};

    EXPECT_EQ(exit_code_for_launcher(2, {}, environment), 2);
}

}  // namespace
}  // namespace stemma
