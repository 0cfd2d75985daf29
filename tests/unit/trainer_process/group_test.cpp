// Several processes that train a member together: what one of them does is felt by all, and no process stays behind.

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <random>
#include <string_view>
#include <thread>

#include "trainer/process/process_group.hpp"
#include "trainer/process/scratch.hpp"
#include "unit/trainer_process/program.hpp"

namespace stemma {
namespace {

using testing::AllOf;
using testing::HasSubstr;

ProcessSettings together(const std::string& how, std::uint32_t processes) {
    auto settings = program(how);
    settings.command = {STEMMA_PYTHON, "-S", STEMMA_TEST_PROGRAMS "/together.py", how};
    settings.processes = processes;
    settings.silence_timeout = 20;
    return settings;
}

/// tests/e2e/test_many_processes.py runs these tests at the length of an acceptance.
bool campaign() {
    const char* asked = std::getenv("STEMMA_TEST_CAMPAIGN");
    return asked != nullptr && std::string_view(asked) == "all";
}

/// The same, started by a launcher that closes descriptors.
ProcessSettings launched(const std::string& how, std::uint32_t processes) {
    auto settings = together(how, 0);
    settings.command = {STEMMA_PYTHON,
                        "-S",
                        STEMMA_TEST_PROGRAMS "/launcher.py",
                        std::to_string(processes),
                        STEMMA_TEST_PROGRAMS "/together.py",
                        how};
    return settings;
}

class GroupTest : public ProgramTest {
protected:
    static double loss(const Trained& trained) { return trained.rows.back().values[0]; }
    TrainRequest of_member(std::uint64_t member, Resource to = 2) const {
        auto one = request();
        one.member = {member};
        one.to = to;
        return one;
    }
};

/// Number of processes, and who starts them.
struct Group {
    std::uint32_t size;
    bool launcher = false;
};
void PrintTo(const Group& one, std::ostream* out) { *out << one.size << (one.launcher ? " by a launcher" : ""); }

class Groups : public GroupTest, public testing::WithParamInterface<Group> {
protected:
    static std::uint32_t size() { return GetParam().size; }
    static ProcessSettings program_that(const std::string& how) {
        return GetParam().launcher ? launched(how, size()) : together(how, size());
    }
};

TEST_P(Groups, TrainTogetherAndReportOnce) {
    const auto trainer = make_process_trainer(program_that("trains"), starter());

    const auto whole = trained(*trainer);

    const auto ranks = static_cast<double>(size());
    ASSERT_EQ(whole.rows.size(), 2U);
    EXPECT_EQ(loss(whole), 2 * ranks * (ranks + 1) / 2) << "each process took part";
    EXPECT_EQ(whole.rows.back().values[1], 0) << "the metrics of process 0";
    EXPECT_EQ(whole.processes, size());
}

TEST_P(Groups, GoOnWithEachRanksOwnStreams) {
    const auto trainer = make_process_trainer(program_that("streams"), starter());
    const auto whole = trained(*trainer);

    auto first = request();
    first.to = 1;
    const auto begun = std::get<Trained>(trainer->train(first));
    auto rest = request();
    rest.from = 1;
    rest.start = &begun.snapshot;
    const auto other = make_process_trainer(program_that("streams"), starter());
    const auto result = std::get<Trained>(other->train(rest));

    EXPECT_EQ(loss(result), loss(whole));
    EXPECT_TRUE(is_of_program(begun.snapshot));
}

TEST_P(Groups, StopAtOneUnitWhicheverMomentTheWordComes) {
    const auto trainer = make_process_trainer(program_that("saves_nothing"), starter());
    std::mt19937 random(size());
    for (int training = 0; training < (campaign() ? 125 : 20); ++training) {
        std::atomic<bool> stop = false;
        auto one = of_member(7, 100000);
        one.stop = &stop;
        const auto after = static_cast<Resource>(random() % 4);
        one.progress = [&](const MetricRow& row) { stop = row.resource >= after; };
        stop = after == 0;

        const auto result = trainer->train(one);

        ASSERT_TRUE(std::holds_alternative<Trained>(result)) << std::get<TrainFailure>(result).message;
        const auto& done = std::get<Trained>(result);
        EXPECT_LT(done.reached, 10000);
        EXPECT_EQ(loss(done), static_cast<double>(done.reached) * size() * (size() + 1) / 2);
    }
}

TEST_P(Groups, AProcessThatReportsNothingTakesPartAllTheSame) {
    const auto trainer = make_process_trainer(program_that("reports_alone"), starter());

    EXPECT_EQ(trained(*trainer).reached, 2);
}

INSTANTIATE_TEST_SUITE_P(Sizes, Groups,
                         testing::Values(Group{1}, Group{2}, Group{3}, Group{4}, Group{1, true}, Group{2, true},
                                         Group{3, true}));

struct Fault {
    std::string what;
    FailureKind kind;
    std::string type;
    std::string message;
};
void PrintTo(const Fault& one, std::ostream* out) { *out << one.what; }

class GroupFault : public GroupTest, public testing::WithParamInterface<Fault> {
protected:
    /// Of one training, between two others that end well.
    TrainFailure failure_of(ProcessSettings settings) const {
        settings.silence_timeout = 2;
        const auto trainer = make_process_trainer(settings, starter());
        EXPECT_EQ(std::get<Trained>(trainer->train(of_member(1))).reached, 2);
        auto failed = failure(*trainer, of_member(7));
        EXPECT_EQ(std::get<Trained>(trainer->train(of_member(1))).reached, 2);
        return failed;
    }
};

TEST_P(GroupFault, CostsOneTrainingAndTheNextBeginsWithANewGroup) {
    const auto failed = failure_of(together(GetParam().what, 3));

    EXPECT_EQ(failed.kind, GetParam().kind) << failed.message;
    EXPECT_THAT(failed.type, HasSubstr(GetParam().type));
    EXPECT_THAT(failed.message, HasSubstr(GetParam().message));
}

TEST_P(GroupFault, UnderALauncherItCostsOneTrainingAsWell) {
    const auto failed = failure_of(launched(GetParam().what, 3));

    EXPECT_EQ(failed.kind, GetParam().kind) << failed.message;
}

constexpr auto told = FailureKind::exception;

INSTANTIATE_TEST_SUITE_P(
    Ranks, GroupFault,
    testing::Values(Fault{"killed-0", told, "signal 9", "process 0 of 3: the program ended in the middle"},
                    Fault{"killed-1", told, "", ""}, Fault{"killed-2", told, "", ""},
                    Fault{"exits-0", told, "exit code 3", "process 0 of 3"}, Fault{"exits-2", told, "", ""},
                    Fault{"raises-0", told, "", ""},
                    Fault{"raises-1", told, "ValueError", "process 1 of 3: a row of this process is damaged"},
                    Fault{"hangs-0", FailureKind::timed_out, "silence_timeout", "process 0 of 3"},
                    Fault{"hangs-2", FailureKind::timed_out, "silence_timeout", ""}));

TEST_F(GroupTest, AFailureThatAllTellOfCostsNoProcess) {
    const auto trainer = make_process_trainer(together("infeasible", 3), starter());

    const auto failed = failure(*trainer);

    EXPECT_EQ(failed.kind, FailureKind::infeasible) << failed.message;
}

TEST_F(GroupTest, TheProcessThatRanOutOfMemoryIsTheCause) {
    const auto trainer = make_process_trainer(together("memory", 3), starter());

    const auto failed = failure(*trainer);

    EXPECT_EQ(failed.kind, FailureKind::out_of_memory) << failed.message;
    EXPECT_THAT(failed.message, HasSubstr("process 1 of 3"));
}

TEST_F(GroupTest, ProcessesThatDoNotEndAfterTheReportTimeOut) {
    auto settings = together("ends_alone", 2);
    settings.silence_timeout = 0;
    settings.stop_timeout = 1;
    const auto trainer = make_process_trainer(settings, starter());

    const auto failed = failure(*trainer);

    EXPECT_EQ(failed.kind, FailureKind::timed_out);
    EXPECT_THAT(failed.message, AllOf(HasSubstr("process 1 of 2"), HasSubstr("after process 0 reported")));
}

TEST_F(GroupTest, TheLimitOfMemoryIsForAllProcessesTogether) {
    auto settings = together("grows", 3);  // each by 60 MiB
    settings.memory = std::uint64_t{150} << 20U;
    const auto trainer = make_process_trainer(settings, starter());

    const auto failed = failure(*trainer, of_member(7, 1000));

    EXPECT_EQ(failed.kind, FailureKind::out_of_memory);
    EXPECT_EQ(failed.type, "trainer.memory");

    settings.processes = 1;
    const auto alone = make_process_trainer(settings, starter());
    EXPECT_TRUE(std::holds_alternative<Trained>(alone->train(of_member(7, 10))));
}

TEST_F(GroupTest, ThreadsAreDividedAmongTheProcesses) {
    auto settings = together("threads", 2);
    settings.place.threads = 8;
    const auto trainer = make_process_trainer(settings, starter());

    EXPECT_EQ(trained(*trainer).rows.back().values[1], 44) << "4 in the environment, and 4 in the welcome";
}

TEST_F(GroupTest, AStopMayTakeTwoUnits) {
    auto settings = together("takes_long", 2);
    settings.stop_timeout = 2;  // a unit takes 1.6 s
    const auto trainer = make_process_trainer(settings, starter());
    std::atomic<bool> stop = false;
    auto one = of_member(7, 100);
    one.stop = &stop;
    one.progress = [&](const MetricRow&) { stop = true; };

    const auto result = trainer->train(one);

    ASSERT_TRUE(std::holds_alternative<Trained>(result)) << std::get<TrainFailure>(result).message;
    EXPECT_LE(std::get<Trained>(result).reached, 3);
}

TEST_F(GroupTest, ASnapshotIsGoneOnWithByAnotherNumberOfProcesses) {
    const auto two = make_process_trainer(together("streams", 2), starter());
    auto first = request();
    first.to = 1;
    const auto begun = std::get<Trained>(two->train(first));
    auto rest = request();
    rest.from = 1;
    rest.start = &begun.snapshot;

    for (const std::uint32_t processes : {1, 3}) {
        const auto other = make_process_trainer(together("streams", processes), starter());
        EXPECT_EQ(std::get<Trained>(other->train(rest)).reached, 2) << processes;
    }
}

TEST_F(GroupTest, ManyGroupsFindTheirPortsAtTheSameTime) {
    std::vector<std::unique_ptr<Trainer>> groups;
    for (int i = 0; i < (campaign() ? 100 : 8); ++i)
        groups.push_back(make_process_trainer(together("saves_nothing", 2), starter()));
    std::vector<TrainResult> results(groups.size());
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < groups.size(); ++i)
        threads.emplace_back([&, i] { results[i] = groups[i]->train(of_member(7)); });
    threads.clear();

    for (const auto& result : results) {
        const auto* failed = std::get_if<TrainFailure>(&result);
        EXPECT_EQ(failed, nullptr) << failed->type << ": " << failed->message;
    }
}

TEST(RendezvousPort, BelongsToOneGroupAndRank0MayListenThere) {
    std::vector<Rendezvous> held(200);
    std::vector<int> sockets;
    for (const auto& one : held) {
        sockets.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const int reuse = 1;
        ::setsockopt(sockets.back(), SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
        sockaddr_in where{};
        where.sin_family = AF_INET;
        where.sin_port = htons(one.port());
        EXPECT_EQ(::bind(sockets.back(), reinterpret_cast<const sockaddr*>(&where), sizeof where), 0);
        EXPECT_EQ(::listen(sockets.back(), 1), 0) << one.port();
    }
    for (const int socket : sockets) ::close(socket);
}

TEST(GroupEnvironment, IsThatOfTorchrunOnOneHost) {
    const Rendezvous meeting;
    const auto found = group_environment({{"GLOO_SOCKET_IFNAME", "eth0"}}, {2, 4, &meeting});

    EXPECT_EQ(found.at("RANK"), "2");
    EXPECT_EQ(found.at("LOCAL_RANK"), "2");
    EXPECT_EQ(found.at("WORLD_SIZE"), "4");
    EXPECT_EQ(found.at("LOCAL_WORLD_SIZE"), "4");
    EXPECT_EQ(found.at("MASTER_ADDR"), "127.0.0.1");
    EXPECT_EQ(found.at("MASTER_PORT"), std::to_string(meeting.port()));
    EXPECT_TRUE(found.contains("TORCHELASTIC_RUN_ID"));
    EXPECT_EQ(found.at("GLOO_SOCKET_IFNAME"), "eth0") << "a user's choice stays";
    EXPECT_FALSE(found.contains("TORCHELASTIC_USE_AGENT_STORE")) << "rank 0 listens itself";
}

}  // namespace
}  // namespace stemma
