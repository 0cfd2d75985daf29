// Programs that take several trainings at the same time: what becomes of one of them touches the others as little as
// can be.

#include <gmock/gmock.h>

#include <atomic>
#include <map>
#include <thread>

#include "core/error.hpp"
#include "unit/trainer_process/program.hpp"

namespace stemma {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr std::uint64_t bad = 7;  ///< the member that stacked.py misbehaves with

ProcessSettings stacked(const std::string& how, std::uint32_t at_once = 16) {
    auto settings = program(how);
    settings.command = {STEMMA_PYTHON, "-S", STEMMA_TEST_PROGRAMS "/stacked.py", std::to_string(at_once), how};
    settings.at_once = at_once;
    settings.silence_timeout = 20;
    return settings;
}

class StackTest : public ProgramTest {
protected:
    TrainRequest of_member(std::uint64_t member, Resource to = 3) const {
        auto one = request();
        one.member = {member};
        one.to = to;
        return one;
    }

    /// All of these at the same time, each from a thread of its own.
    static std::vector<TrainResult> train(Trainer& trainer, const std::vector<TrainRequest>& requests) {
        std::vector<TrainResult> results(requests.size());
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < requests.size(); ++i)
            threads.emplace_back([&, i] { results[i] = trainer.train(requests[i]); });
        threads.clear();
        return results;
    }
    std::vector<TrainRequest> members(std::uint64_t count, Resource to = 3) const {
        std::vector<TrainRequest> all;
        for (std::uint64_t member = 0; member < count; ++member) all.push_back(of_member(member, to));
        return all;
    }
    static const Trained& well(const TrainResult& result) {
        const auto* failed = std::get_if<TrainFailure>(&result);
        EXPECT_EQ(failed, nullptr) << failed->type << " " << failed->message;
        static const Trained none{0, {{0, {0, 0}}}, {}};
        return failed == nullptr ? std::get<Trained>(result) : none;
    }
    static double beside(const Trained& trained) { return trained.rows.back().values[1]; }
    static std::size_t count(const std::vector<TrainResult>& results, FailureKind kind) {
        return static_cast<std::size_t>(std::ranges::count_if(results, [kind](const TrainResult& result) {
            const auto* failed = std::get_if<TrainFailure>(&result);
            return failed != nullptr && failed->kind == kind;
        }));
    }
};

TEST_F(StackTest, SixteenTrainAtTheSameTimeAndEachGoesOnFromItsOwnSnapshot) {
    const auto trainer = make_process_trainer(stacked("slow"), starter());
    ASSERT_EQ(trainer->at_once(), 16U);

    const auto begun = train(*trainer, members(16, 20));
    double most = 0;
    for (const auto& one : begun) most = std::max(most, beside(well(one)));
    EXPECT_EQ(most, 16);

    auto rest = members(16, 24);
    for (std::size_t i = 0; i < rest.size(); ++i) {
        rest[i].from = 20;
        rest[i].start = &std::get<Trained>(begun[i]).snapshot;
    }
    for (const auto& one : train(*trainer, rest)) {
        EXPECT_EQ(well(one).reached, 24);
        EXPECT_EQ(well(one).rows.size(), 4U);
        EXPECT_EQ(well(one).rows.back().values[0], 24 * std::get<double>(configuration_[0]));
    }
}

TEST_F(StackTest, OneIsStoppedAndTheOthersGoOn) {
    const auto trainer = make_process_trainer(stacked("slow"), starter());
    std::atomic<bool> stop = false;
    auto requests = members(16, 40);
    requests[bad].to = 1'000'000;
    requests[bad].stop = &stop;
    requests[bad].progress = [&](const MetricRow& row) { stop = row.resource >= 5; };

    const auto results = train(*trainer, requests);

    EXPECT_GE(well(results[bad]).reached, 5);
    EXPECT_LT(well(results[bad]).reached, 100'000);
    for (std::size_t i = 0; i < results.size(); ++i) {
        if (i == bad) continue;
        EXPECT_EQ(well(results[i]).reached, 40);
    }
}

struct OneFails {
    std::string how;
    FailureKind kind;
    std::string message;
};
void PrintTo(const OneFails& one, std::ostream* out) { *out << one.how; }

class OneOfSixteen : public StackTest, public testing::WithParamInterface<OneFails> {};

TEST_P(OneOfSixteen, FailsApartFromTheOthers) {
    const auto trainer = make_process_trainer(stacked(GetParam().how), starter());

    const auto results = train(*trainer, members(16));

    for (std::size_t i = 0; i < results.size(); ++i) {
        if (i == bad) continue;
        EXPECT_EQ(well(results[i]).reached, 3);
    }
    const auto& failed = std::get<TrainFailure>(results[bad]);
    EXPECT_EQ(failed.kind, GetParam().kind) << failed.message;
    EXPECT_THAT(failed.message, HasSubstr(GetParam().message));
    EXPECT_EQ(std::get<Trained>(trainer->train(of_member(1))).reached, 3) << "the next training";
}

INSTANTIATE_TEST_SUITE_P(Failures, OneOfSixteen,
                         testing::Values(OneFails{"infeasible", FailureKind::infeasible, "too wide"},
                                         OneFails{"raises", FailureKind::exception, "a row is damaged"},
                                         // The program can train nothing more. The others start again in a new one.
                                         OneFails{"device", FailureKind::broken_program, "device-side assert"},
                                         OneFails{"memory", FailureKind::exception, "beside other trainings"}),
                         [](const auto& test) { return test.param.how; });

class AllOfSixteen : public StackTest, public testing::WithParamInterface<OneFails> {};

TEST_P(AllOfSixteen, FailOnceAndAreTriedAgainAlone) {
    auto settings = stacked(GetParam().how);
    settings.silence_timeout = 2;
    const auto trainer = make_process_trainer(settings, starter());
    auto requests = members(16);

    const auto failed = train(*trainer, requests);
    const auto together = count(failed, GetParam().kind);
    EXPECT_GT(together, 1U) << "those that were with the program";
    EXPECT_EQ(together + static_cast<std::size_t>(std::ranges::count_if(
                             failed, [](const auto& one) { return std::holds_alternative<Trained>(one); })),
              16U);
    EXPECT_THAT(std::get<TrainFailure>(failed[bad]).message,
                AllOf(HasSubstr("trainings were with the program"), HasSubstr(GetParam().message)));

    for (auto& one : requests) one.retried = true;
    const auto results = train(*trainer, requests);
    for (std::size_t i = 0; i < results.size(); ++i) {
        if (i == bad) continue;
        EXPECT_EQ(well(results[i]).reached, 3);
        EXPECT_EQ(beside(well(results[i])), 1) << "alone";
    }
    EXPECT_EQ(std::get<TrainFailure>(results[bad]).kind, GetParam().kind);
    EXPECT_THAT(std::get<TrainFailure>(results[bad]).message, testing::Not(HasSubstr("trainings were with")));
}

INSTANTIATE_TEST_SUITE_P(Faults, AllOfSixteen,
                         testing::Values(OneFails{"killed", FailureKind::exception, "signal 9"},
                                         OneFails{"hangs", FailureKind::timed_out, "silence_timeout"},
                                         OneFails{"foreign_lease", FailureKind::exception, "of lease 999"}),
                         [](const auto& test) { return test.param.how; });

TEST_F(StackTest, AnExceptionOfTheWholeProgramIsToldForEachOfItsTrials) {
    const auto trainer = make_process_trainer(stacked("raises_for_all"), starter());

    const auto results = train(*trainer, members(16));

    EXPECT_GT(count(results, FailureKind::exception), 1U);
    EXPECT_THAT(std::get<TrainFailure>(results[bad]).message, HasSubstr("the stack is damaged"));
}

TEST_F(StackTest, WantOfMemoryCountsForATrainingThatIsAlone) {
    const auto trainer = make_process_trainer(stacked("memory_alone"), starter());
    auto one = of_member(bad);
    one.retried = true;

    EXPECT_EQ(failure(*trainer, one).kind, FailureKind::out_of_memory);
}

TEST_F(StackTest, TheJobsNumberAndTheProgramsMustAgree) {
    const auto refusal = [](std::uint32_t job, std::uint32_t takes) -> std::string {
        auto settings = stacked("trains", takes);
        settings.at_once = job;
        try {
            check_process(settings, {}, *starter());
        } catch (const UserError& error) {
            return error.what();
        }
        return "";
    };
    EXPECT_EQ(refusal(16, 16), "");
    EXPECT_THAT(refusal(1, 16), HasSubstr("set trainer.at_once = 16"));
    EXPECT_THAT(refusal(4, 16), HasSubstr("stemma.trials(at_once=4)"));
    EXPECT_THAT(refusal(16, 0), AllOf(HasSubstr("takes one training at the same time, and trainer.at_once is 16"),
                                      HasSubstr("stemma.trials(at_once=16)")));
}

TEST_F(StackTest, AProgramThatOutgrowsItsMemoryIsReplacedWhenItsTrainingsHaveEnded) {
    auto settings = stacked("grows", 4);
    settings.memory = std::uint64_t{160} << 20U;
    const auto trainer = make_process_trainer(settings, starter());
    const auto process = [](const TrainResult& result) { return well(result).rows.back().values[1]; };

    const auto results = train(*trainer, members(12));
    const auto next = trainer->train(of_member(1));

    EXPECT_NE(process(results[bad]), process(next)) << "100 MiB are more than half";
    EXPECT_EQ(process(trainer->train(of_member(2))), process(next));
}

}  // namespace
}  // namespace stemma
