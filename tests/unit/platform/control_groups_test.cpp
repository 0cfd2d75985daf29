#include "platform/control_groups.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include "platform/machine.hpp"

namespace stemma {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t gib = std::uint64_t{1} << 30U;
constexpr auto unlimited = "9223372036854771712\n";  // what version 1 says of no limit, with pages of 4 KiB

/// Files of a recorded machine, in a folder that stands for /.
class ControlGroups : public testing::Test {
protected:
    void SetUp() override {
        root_ = fs::path(testing::TempDir()) / ("groups-" + std::to_string(::getpid()));
        fs::remove_all(root_);
        put("proc/meminfo", "MemTotal:       67108864 kB\nMemAvailable:   50331648 kB\n");
    }
    void TearDown() override { fs::remove_all(root_); }

    void put(const std::string& path, const std::string& text) const {
        fs::create_directories((root_ / path).parent_path());
        std::ofstream(root_ / path) << text;
    }
    /// Of version 2, mounted at the usual path.
    void put_second(const std::string& group) const {
        put("proc/self/cgroup", "0::" + group + "\n");
        put("proc/self/mountinfo",
            "25 30 0:23 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"
            "35 25 0:30 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n");
        fs::create_directories(root_ / ("sys/fs/cgroup" + group));
    }
    /// Of version 1: memory and cpu, each mounted by itself.
    void put_first(const std::string& cpu, const std::string& memory) const {
        put("proc/self/cgroup", "11:cpuset:/\n9:memory:" + memory + "\n4:cpu,cpuacct:" + cpu +
                                    "\n1:name=systemd:/user.slice\n0::/user.slice\n");
        put("proc/self/mountinfo",
            "33 25 0:29 / /sys/fs/cgroup/systemd rw shared:10 - cgroup cgroup rw,xattr,name=systemd\n"
            "38 25 0:33 / /sys/fs/cgroup/memory rw,nosuid,nodev shared:15 - cgroup cgroup rw,memory\n"
            "41 25 0:36 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid master:1 shared:18 - cgroup cgroup rw,cpu,cpuacct\n");
    }
    GroupLimits limits() const { return group_limits(root_); }

    fs::path root_;
};

TEST_F(ControlGroups, NothingIsKnownWhereNothingIsThere) {
    EXPECT_FALSE(limits().cores || limits().memory || limits().available);
    put("proc/self/cgroup", "garbage\n:\n0::\n");
    put("proc/self/mountinfo", "garbage\n- cgroup2\n1 2 3 4 5 6 - cgroup2\n");
    EXPECT_FALSE(limits().cores || limits().memory || limits().available);
    EXPECT_EQ(memory(root_).total, 64 * gib);
    EXPECT_EQ(memory(root_).available, 48 * gib);
}

TEST_F(ControlGroups, SecondVersionCountsAllOuterGroups) {
    const std::string job = "sys/fs/cgroup/system.slice/slurmstepd.scope/job_7";
    put_second("/system.slice/slurmstepd.scope/job_7/step_0/user/task_0");
    put(job + "/memory.max", std::to_string(8 * gib) + "\n");
    put(job + "/memory.current", std::to_string(3 * gib) + "\n");
    put(job + "/memory.stat",
        "anon 1073741824\nfile 2147483648\ninactive_file " + std::to_string(gib) + "\nactive_file 5\n");
    put(job + "/step_0/memory.max", "max\n");
    put(job + "/step_0/user/task_0/memory.max", "max\n");
    put(job + "/cpu.max", "max 100000\n");
    put(job + "/step_0/cpu.max", "150000 100000\n");

    EXPECT_DOUBLE_EQ(limits().cores.value(), 1.5);
    EXPECT_EQ(limits().memory.value(), 8 * gib);
    EXPECT_EQ(limits().available.value(), 6 * gib);  // memory that holds only files is available
    EXPECT_EQ(memory(root_).total, 8 * gib);
    EXPECT_EQ(memory(root_).available, 6 * gib);
    EXPECT_LE(usable_cores(root_), 2);
}

TEST_F(ControlGroups, TheTightestLimitCounts) {
    put_second("/outer/inner");
    put("sys/fs/cgroup/outer/cpu.max", "100000 100000\n");
    put("sys/fs/cgroup/outer/inner/cpu.max", "800000 100000\n");
    put("sys/fs/cgroup/outer/memory.max", std::to_string(2 * gib) + "\n");
    put("sys/fs/cgroup/outer/memory.current", std::to_string(gib) + "\n");
    put("sys/fs/cgroup/outer/inner/memory.max", std::to_string(4 * gib) + "\n");
    put("sys/fs/cgroup/outer/inner/memory.high", std::to_string(gib) + "\n");

    EXPECT_DOUBLE_EQ(limits().cores.value(), 1);
    EXPECT_EQ(limits().memory.value(), gib);
    EXPECT_EQ(limits().available.value(), gib);
    EXPECT_EQ(usable_cores(root_), 1);
}

TEST_F(ControlGroups, UsageBeyondTheLimitLeavesNothing) {
    put_second("/a");
    put("sys/fs/cgroup/a/memory.max", "1000\n");
    put("sys/fs/cgroup/a/memory.current", "2000\n");
    EXPECT_EQ(limits().available.value(), 0U);
}

TEST_F(ControlGroups, FirstVersionOfSlurm) {
    put_first("/slurm/uid_1000/job_7/step_0/task_0", "/slurm/uid_1000/job_7/step_0/task_0");
    const std::string memory_of = "sys/fs/cgroup/memory/slurm/uid_1000/job_7";
    const std::string cpu_of = "sys/fs/cgroup/cpu,cpuacct/slurm/uid_1000/job_7/step_0";
    put("sys/fs/cgroup/memory/memory.limit_in_bytes", unlimited);
    put(memory_of + "/memory.limit_in_bytes", std::to_string(4 * gib) + "\n");
    put(memory_of + "/memory.usage_in_bytes", std::to_string(2 * gib) + "\n");
    put(memory_of + "/memory.stat", "cache 5\ninactive_file 1\ntotal_inactive_file " + std::to_string(gib) + "\n");
    put(memory_of + "/step_0/memory.limit_in_bytes", unlimited);
    put(memory_of + "/step_0/task_0/memory.limit_in_bytes", unlimited);
    put(cpu_of + "/cpu.cfs_quota_us", "50000\n");
    put(cpu_of + "/cpu.cfs_period_us", "100000\n");
    put(cpu_of + "/task_0/cpu.cfs_quota_us", "-1\n");
    put(cpu_of + "/task_0/cpu.cfs_period_us", "100000\n");

    EXPECT_DOUBLE_EQ(limits().cores.value(), 0.5);
    EXPECT_EQ(limits().memory.value(), 4 * gib);
    EXPECT_EQ(limits().available.value(), 3 * gib);
    EXPECT_EQ(usable_cores(root_), 1);
}

TEST_F(ControlGroups, FirstVersionWithoutLimits) {
    put_first("/user.slice", "/user.slice");
    put("sys/fs/cgroup/memory/user.slice/memory.limit_in_bytes", unlimited);
    put("sys/fs/cgroup/cpu,cpuacct/user.slice/cpu.cfs_quota_us", "-1\n");
    put("sys/fs/cgroup/cpu,cpuacct/user.slice/cpu.cfs_period_us", "100000\n");

    EXPECT_FALSE(limits().cores);
    EXPECT_EQ(memory(root_).total, 64 * gib);
    EXPECT_EQ(memory(root_).available, 48 * gib);
}

TEST_F(ControlGroups, BothVersionsAtOnce) {
    put("proc/self/cgroup", "4:memory:/job_7\n1:cpu:/\n0::/unified/job_7\n");
    put("proc/self/mountinfo",
        "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
        "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
        "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n");
    put("sys/fs/cgroup/memory/job_7/memory.limit_in_bytes", std::to_string(gib) + "\n");
    put("sys/fs/cgroup/unified/unified/cpu.max", "300000 100000\n");

    EXPECT_DOUBLE_EQ(limits().cores.value(), 3);
    EXPECT_EQ(limits().memory.value(), gib);
}

TEST_F(ControlGroups, AContainerSeesItsOwnGroupAtTheMountPoint) {
    put("proc/self/cgroup", "4:memory:/docker/0123/job_7\n3:cpu,cpuacct:/docker/0123\n");  // names of outside
    put("proc/self/mountinfo",
        "35 31 0:32 /docker/0123 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
        "32 31 0:29 /docker/0123 /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n"
        "36 31 0:32 /docker/012 /other ro - cgroup cgroup rw,memory\n");
    put("sys/fs/cgroup/memory/memory.limit_in_bytes", std::to_string(2 * gib) + "\n");
    put("sys/fs/cgroup/memory/job_7/memory.limit_in_bytes", std::to_string(3 * gib) + "\n");
    put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "200000\n");
    put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    put("other/memory.limit_in_bytes", "4096\n");  // of another container, whose name begins as ours does

    EXPECT_DOUBLE_EQ(limits().cores.value(), 2);
    EXPECT_EQ(limits().memory.value(), 2 * gib);
}

TEST_F(ControlGroups, ANamespaceHasItsOwnRoot) {
    put_second("/");
    put("sys/fs/cgroup/memory.max", std::to_string(gib) + "\n");
    put("sys/fs/cgroup/cpu.max", "50000 100000\n");
    EXPECT_EQ(limits().memory.value(), gib);
    EXPECT_DOUBLE_EQ(limits().cores.value(), 0.5);

    put("proc/self/cgroup", "0::/../elsewhere\n");  // moved out of what is mounted
    EXPECT_FALSE(limits().memory);

    put("proc/self/cgroup", "0::/\n");  // mounted from outside: a group around this one
    put("proc/self/mountinfo", "35 25 0:30 /../.. /sys/fs/cgroup ro - cgroup2 cgroup ro\n");
    EXPECT_EQ(limits().memory.value(), gib);
}

TEST_F(ControlGroups, MountPointsMayHaveBlanks) {
    put("proc/self/cgroup", "0::/a b\n");
    put("proc/self/mountinfo", "35 25 0:30 / /my\\040groups rw - cgroup2 none rw\n");
    put("my groups/a b/memory.max", "4096\n");
    EXPECT_EQ(limits().memory.value(), 4096U);
}

}  // namespace
}  // namespace stemma
