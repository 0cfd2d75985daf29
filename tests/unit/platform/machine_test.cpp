#include "platform/machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

namespace stemma {
namespace {

TEST(Machine, CoresFollowTheAffinityMask) {
    cpu_set_t before;
    CPU_ZERO(&before);
    ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
    EXPECT_GE(usable_cores(), 1);
    EXPECT_LE(usable_cores(), CPU_COUNT(&before));

    cpu_set_t one;
    CPU_ZERO(&one);
    int core = 0;
    while (!CPU_ISSET(core, &before)) ++core;
    CPU_SET(core, &one);
    ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
    const int bound = usable_cores();
    ASSERT_EQ(::sched_setaffinity(0, sizeof before, &before), 0);

    EXPECT_EQ(bound, 1);
}

TEST(Machine, MeminfoIsInKilobytes) {
    const auto result = parse_meminfo("MemTotal:        2048 kB\nMemFree: 1 kB\nMemAvailable:    1024 kB\n");

    EXPECT_EQ(result.total, 2048U * 1024U);
    EXPECT_EQ(result.available, 1024U * 1024U);
    EXPECT_EQ(parse_meminfo("").total, 0U);
}

TEST(Machine, MemoryOfThisMachine) {
    const auto result = memory();

    EXPECT_GT(result.total, 64U << 20U);
    EXPECT_GT(result.available, 0U);
    EXPECT_LE(result.available, result.total);
}

TEST(Machine, SnapshotsLeaveRoomForTraining) {
    const Memory memory{.total = 1000, .available = 10};

    EXPECT_EQ(snapshot_quota(100, memory, 2), 100U);
    EXPECT_EQ(snapshot_quota(600, memory, 1), 500U);
    EXPECT_EQ(snapshot_quota(600, memory, 4), 125U);
    EXPECT_EQ(snapshot_quota(0, memory, 4), 0U);
    EXPECT_EQ(snapshot_quota(600, memory, 1000), 1U);  // 0 would be no bound
    EXPECT_EQ(snapshot_quota(600, {}, 4), 600U);
}

TEST(Machine, FileSystemOfAFileThatIsNotThereYet) {
    const auto there = file_system_of("/proc");
    const auto planned = file_system_of(testing::TempDir() + "/no/such/folder/run.h5");

    EXPECT_FALSE(there.network);
    EXPECT_FALSE(there.name.empty());
    EXPECT_FALSE(planned.name.empty());
    EXPECT_EQ(planned.network, is_network_file_system(testing::TempDir()));
}

TEST(Machine, PathsAreAsTheyAreTyped) {
    const auto here = std::filesystem::current_path();
    EXPECT_EQ(path_to_type(here / "runs" / "a.h5"), "runs/a.h5");
    EXPECT_EQ(path_to_type("runs/a.h5"), "runs/a.h5");
    EXPECT_EQ(path_to_type("/nowhere/a.h5"), "/nowhere/a.h5");
    EXPECT_EQ(path_to_type("my runs/it's.h5"), R"('my runs/it'\''s.h5')");
    EXPECT_THAT(program_to_type(), testing::EndsWith("unit_platform"));
}

TEST(Machine, HostHasAName) { EXPECT_FALSE(host_name().empty()); }

}  // namespace
}  // namespace stemma
