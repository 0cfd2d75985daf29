// Every misbehavior of a program becomes a classified failure, and the next lease finds a working program.

#include <gmock/gmock.h>

#include "core/error.hpp"
#include "support/errors.hpp"
#include "unit/trainer_process/program.hpp"

namespace stemma {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct Misbehavior {
    std::string what;
    FailureKind kind;
    std::string type;
    std::string message;  ///< part of it
};
void PrintTo(const Misbehavior& one, std::ostream* out) { *out << one.what; }

class Misbehaves : public ProgramTest, public testing::WithParamInterface<Misbehavior> {};

TEST_P(Misbehaves, IsClassifiedEachTime) {
    auto settings = program(GetParam().what);
    settings.silence_timeout = 20;
    const auto trainer = make_process_trainer(settings, starter());

    for (int lease = 0; lease < 2; ++lease) {
        const auto failed = failure(*trainer);
        EXPECT_EQ(failed.kind, GetParam().kind) << failed.message;
        EXPECT_THAT(failed.type, HasSubstr(GetParam().type));
        EXPECT_THAT(failed.message, HasSubstr(GetParam().message));
    }
}

constexpr auto exception = FailureKind::exception;

INSTANTIATE_TEST_SUITE_P(
    Programs, Misbehaves,
    testing::Values(Misbehavior{"dies_before_hello", exception, "start",
                                "exit code 3\nit printed last:\nno module named torch"},
                    Misbehavior{"newer_protocol", exception, "start", "speaks version 99"},
                    Misbehavior{"prints_into_protocol", exception, "start", "\"Epoch 1: loss 0.3.\""},
                    Misbehavior{"exits_0", exception, "exit code 0", "in the middle of a lease"},
                    Misbehavior{"segfaults", exception, "signal 11", "in the middle of a lease"},
                    Misbehavior{"bare_nan", exception, "protocol", "has no NaN"},
                    Misbehavior{"nan", FailureKind::nonfinite, "valid_loss", "valid_loss is nan"},
                    Misbehavior{"inf", FailureKind::nonfinite, "valid_loss", "valid_loss is inf"},
                    Misbehavior{"nan_in_progress", FailureKind::nonfinite, "valid_loss", "valid_loss is nan"},
                    Misbehavior{"inf_in_progress", FailureKind::nonfinite, "valid_loss", "valid_loss is inf"},
                    Misbehavior{"no_metric", exception, "protocol", "lacks valid_loss"},
                    Misbehavior{"unknown_metric", exception, "protocol", "did you mean \"valid_loss\""},
                    Misbehavior{"early", exception, "protocol", "nothing asked it to stop"},
                    Misbehavior{"beyond", exception, "protocol", "the lease goes from 0 to 2"},
                    Misbehavior{"phantom_snapshot", exception, "snapshot", "No such file"},
                    Misbehavior{"closes", exception, "protocol", "closed its end"},
                    Misbehavior{"environment", FailureKind::infeasible, "Refused", "1"}),
    [](const auto& one) { return one.param.what; });

class MisbehavesOnce : public ProgramTest {};

TEST_F(MisbehavesOnce, ExceptionsEndWithWhatWasPrinted) {
    const auto trainer = make_process_trainer(program("raises_once"), starter());

    const auto failed = failure(*trainer);

    EXPECT_EQ(failed.type, "exit code 1");
    EXPECT_THAT(failed.message, AllOf(HasSubstr("it printed last"), HasSubstr("?[1m the end"),
                                      EndsWith("ValueError: the weights are wrong")));
    EXPECT_LT(failed.message.size(), 4000U);
}

TEST_F(MisbehavesOnce, GarbageIsShown) {
    const auto trainer = make_process_trainer(program("garbage_once"), starter());

    const auto failed = failure(*trainer);

    EXPECT_EQ(failed.type, "protocol");
    EXPECT_THAT(failed.message, HasSubstr("not JSON: loss: 0.3"));
}

TEST_F(MisbehavesOnce, ASecondReportFailsTheLeaseInWhichItIsFound) {
    const auto trainer = make_process_trainer(program("reports_twice"), starter());
    EXPECT_EQ(trained(*trainer).reached, 2);

    const auto failed = failure(*trainer);

    EXPECT_EQ(failed.type, "protocol");
    EXPECT_THAT(failed.message,
                testing::AnyOf(HasSubstr("each lease ends with one report"), HasSubstr("each lease is reported once")));
    EXPECT_EQ(trained(*trainer).reached, 2) << "a new program serves the next lease";
}

TEST_F(MisbehavesOnce, SilenceHasADeadline) {
    auto settings = program("hangs");
    settings.silence_timeout = 0.3;
    const auto trainer = make_process_trainer(settings, starter());

    const auto failed = failure(*trainer);

    EXPECT_EQ(failed.kind, FailureKind::timed_out);
    EXPECT_EQ(failed.type, "silence_timeout");
}

TEST_F(MisbehavesOnce, NoHelloHasADeadline) {
    auto settings = program("says_nothing");
    settings.start_timeout = 0.3;
    const auto trainer = make_process_trainer(settings, starter());

    EXPECT_THAT(failure(*trainer).message, StartsWith("the program said no hello for 0.3 s"));
}

TEST_F(MisbehavesOnce, AnIgnoredStopHasADeadline) {
    auto settings = program("hangs");
    settings.stop_timeout = 0.3;
    const auto trainer = make_process_trainer(settings, starter());
    const std::atomic<bool> stop = true;
    auto asked = request();
    asked.stop = &stop;

    const auto failed = failure(*trainer, asked);

    EXPECT_EQ(failed.kind, FailureKind::timed_out);
    EXPECT_EQ(failed.type, "stop_timeout");
}

TEST_F(MisbehavesOnce, TooMuchMemoryIsOutOfMemory) {
    auto settings = program("eats_memory_once");
    settings.memory = 200U << 20U;
    const auto trainer = make_process_trainer(settings, starter());

    EXPECT_EQ(failure(*trainer).kind, FailureKind::out_of_memory);
}

TEST_F(MisbehavesOnce, ALeakingProgramIsReplacedBetweenLeases) {
    auto settings = program("leaks");  // 60 MiB more at each lease; it reports how often it was asked
    settings.memory = 400U << 20U;
    const auto trainer = make_process_trainer(settings, starter());
    std::vector<double> counts;

    for (int lease = 0; lease < 8; ++lease) counts.push_back(trained(*trainer).rows.back().values[0]);

    EXPECT_THAT(counts, testing::Each(testing::Le(4)));
    EXPECT_THAT(counts, testing::Contains(3)) << "it serves several leases";
}

TEST_F(MisbehavesOnce, AProgramThatEndsBetweenLeasesIsStartedAgain) {
    const auto trainer = make_process_trainer(program("dies_between"), starter());

    int good = 0;
    for (int lease = 0; lease < 4; ++lease) good += std::holds_alternative<Trained>(trainer->train(request()));

    // The end of the program may be seen only after the next lease was given. Then that lease fails, as by any death.
    EXPECT_GE(good, 2);
}

TEST_F(MisbehavesOnce, HeldOutMetricsMayBeAnything) {
    const auto trainer = make_process_trainer(program("held_out_nan"), starter());

    EXPECT_EQ(trained(*trainer).rows.back().values[0], 0.5);
}

TEST_F(MisbehavesOnce, AProgramThatIsNotThereRetiresTheWorker) {
    auto settings = program("");
    settings.command = {"/nowhere/train"};
    const auto trainer = make_process_trainer(settings, starter());

    const auto failed = failure(*trainer);

    EXPECT_EQ(failed.kind, FailureKind::device);
    EXPECT_THAT(failed.message, HasSubstr("/nowhere/train: No such file or directory"));
}

TEST_F(MisbehavesOnce, ScratchThatIsNotThereIsTheUsersMistake) {
    auto settings = program("");
    settings.scratch = "/nowhere";

    EXPECT_ERROR(make_process_trainer(settings, starter()), UserError,
                 "trainer.scratch: no folder can be made in /nowhere");
}

TEST_F(MisbehavesOnce, TheCheckBeforeTheStartSeesWhatTheProgramCanChange) {
    check_process(program("only_lr"), {"lr"}, *starter());
    try {
        check_process(program("only_lr"), {"lr", "width"}, *starter());
        FAIL() << "width cannot be changed";
    } catch (const UserError& error) {
        EXPECT_THAT(error.what(), AllOf(HasSubstr("space.width"), HasSubstr("role = \"fixed\"")));
    }
    EXPECT_ERROR(check_process(program("dies_before_hello"), {}, *starter()), UserError,
                 "the program ended before it asked for a training");
}

}  // namespace
}  // namespace stemma
