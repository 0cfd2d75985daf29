// When a program is started anew, and what that costs the training that was given to it.

#include <gmock/gmock.h>

#include <set>

#include "core/error.hpp"
#include "unit/trainer_process/program.hpp"

namespace stemma {
namespace {

class Replacement : public ProgramTest {
protected:
    /// The process that trained.
    double process(Trainer& trainer) const { return trained(trainer).rows.back().values.front(); }
};

TEST_F(Replacement, AProgramThatEndsAfterEachTrainingLosesNone) {
    for (const auto* how : {"dies_between", "dies_late"}) {
        const auto trainer = make_process_trainer(program(how), starter());
        for (int lease = 0; lease < 6; ++lease) EXPECT_EQ(trained(*trainer).reached, 2) << how << lease;
    }
}

TEST_F(Replacement, AnEndWithoutAWordCostsOnlyTheFirstTrainingOfAProgram) {
    const auto trainer = make_process_trainer(program("dies_at_third"), starter());
    for (int lease = 0; lease < 6; ++lease) EXPECT_EQ(trained(*trainer).reached, 2) << lease;

    const auto always = make_process_trainer(program("exits_0"), starter());
    for (int lease = 0; lease < 2; ++lease) EXPECT_EQ(failure(*always).type, "exit code 0") << "it would never end";
}

TEST_F(Replacement, AProgramIsKeptUnlessTheJobSaysOtherwise) {
    const auto kept = make_process_trainer(program("tells_pid"), starter());
    std::set<double> processes;
    for (int lease = 0; lease < 4; ++lease) processes.insert(process(*kept));
    EXPECT_EQ(processes.size(), 1U);

    auto settings = program("tells_pid");
    settings.restart = ProcessSettings::Restart::each_training;
    const auto fresh = make_process_trainer(settings, starter());
    for (int lease = 0; lease < 4; ++lease) processes.insert(process(*fresh));
    EXPECT_EQ(processes.size(), 5U);
}

TEST_F(Replacement, ADeviceErrorBreaksTheProgramAndNotTheWorker) {
    const auto trainer = make_process_trainer(program("device_at_second"), starter());
    const auto first = process(*trainer);
    const auto failed = failure(*trainer);
    EXPECT_EQ(failed.kind, FailureKind::broken_program);
    EXPECT_THAT(failed.message, testing::HasSubstr("device-side assert"));
    EXPECT_NE(process(*trainer), first);
}

TEST_F(Replacement, TheProgramThatWasCheckedIsTheOneThatTrains) {
    const auto first = std::make_shared<FirstProgram>();
    auto settings = program("only_lr");
    const auto trainer = make_process_trainer(settings, starter(), first);
    EXPECT_THAT([&] { first->check({"momentum"}); },
                testing::ThrowsMessage<UserError>(testing::HasSubstr("space.momentum")));
    EXPECT_EQ(trained(*trainer).reached, 2) << "one that was refused is replaced, should it be asked all the same";

    const auto other = std::make_shared<FirstProgram>();
    const auto checked = make_process_trainer(settings, starter(), other);
    EXPECT_NO_THROW(other->check({"lr"}));
    EXPECT_EQ(trained(*checked).reached, 2);

    settings.command = {"/nowhere/train"};
    const auto nobody = std::make_shared<FirstProgram>();
    const auto none = make_process_trainer(settings, starter(), nobody);
    EXPECT_THAT([&] { nobody->check({}); }, testing::ThrowsMessage<UserError>(testing::HasSubstr("No such file")));
}

}  // namespace
}  // namespace stemma
