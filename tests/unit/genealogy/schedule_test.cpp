#include "genealogy/schedule.hpp"

#include <gtest/gtest.h>

#include "unit/genealogy/families.hpp"

namespace stemma::test {
namespace {

TEST(ScheduleText, MarksWhatChangedAndJoinsWhatDidNot) {
    EXPECT_EQ("\n" + schedule_text(family(), {5}, names(), {}), R"(
toy: member 5, 9 epochs in 3 stages; * differs from the stage before
from  to  member  born by  loss    lr
   0   3       0  sampled   0.9   0.1
   3   9    3..5  exploit  0.25  0.15*
the same throughout: optimizer=sgd to=4
)");
}

TEST(ScheduleText, OneStageNamesAllBelow) {
    EXPECT_EQ("\n" + schedule_text(family(), {1}, names(), {}), R"(
toy: member 1, 3 epochs in 1 stage; * differs from the stage before
from  to  member  born by  loss
   0   3       1  sampled   1.5
the same throughout: lr=0.5 optimizer=sgd to=4
)");
}

TEST(ScheduleText, SaysThatValuesMovedFromThere) {
    const SearchSpace space({{"lr", Real{0, 1, Scale::linear, {}}, Role::mutable_hypergradient, {}, {}},
                             {"momentum", Real{0, 1, Scale::linear, {}}, Role::hypergradient, {}, {}},
                             {"width", Integer{1, 9, Scale::linear, {}}, Role::fixed, {}, {}}});
    auto first = root(0.1, {{3, 0.9}}), second = child(0, 3, 0.2, {{6, 0.5}});
    first.configuration = {0.1, 0.9, std::int64_t{4}};
    second.configuration = {0.2, 0.9, std::int64_t{4}};
    const Genealogy genealogy({first, second}, false, {1});
    EXPECT_EQ("\n" + schedule_text(genealogy, {1}, {"toy", "loss", "epoch", &space}, {}), R"(
toy: member 1, 6 epochs in 2 stages; * differs from the stage before
from  to  member  born by  loss  start of lr
   0   3       0  sampled   0.9          0.1
   3   6       1  exploit   0.5          0.2*
the same throughout: width=4
moved in training, one start: momentum=0.9
)");
}

TEST(ScheduleText, SaysThatNothingWasTrained) {
    EXPECT_EQ(schedule_text(family(), {4}, names(), {}), "member 4 has not been trained yet\n");
}

TEST(ScheduleToml, ListsTheStages) {
    EXPECT_EQ("\n" + schedule_toml(family(), {5}, names()), R"(
# The schedule of member 5 of toy. In the job file, in place of [scheduler] and [sampler], it trains that
# lineage again from scratch.
[scheduler]
type = "schedule"

[[schedule]]  # member 0, sampled; loss 0.9 at its end
to = 3
lr = 0.1
optimizer = "sgd"
to_ = 4

[[schedule]]  # member 3, exploit; loss 0.4 at its end
to = 6
lr = 0.15
optimizer = "sgd"
to_ = 4

[[schedule]]  # member 5, adoption; loss 0.25 at its end
to = 9
lr = 0.15
optimizer = "sgd"
to_ = 4
)");
}

TEST(ScheduleToml, TakesWhatElseTheSchedulerSays) {
    const auto text = schedule_toml(family(), {1}, names(), {{"inherit_optimizer", false}, {"horizon", 24.0}});
    EXPECT_NE(text.find("\ntype = \"schedule\"\ninherit_optimizer = false\nhorizon = 24"), std::string::npos) << text;
}

TEST(ScheduleToml, QuotesTextsAndLeavesOutWhatIsInactive) {
    auto member = root(1.0 / 3, {{2, 0.5}});
    member.configuration = {1.0 / 3, Choice{1}, Inactive{}};
    const Genealogy genealogy({member}, false, {0});
    EXPECT_EQ("\n" + schedule_toml(genealogy, {0}, names()), R"(
# The schedule of member 0 of toy. In the job file, in place of [scheduler] and [sampler], it trains that
# lineage again from scratch.
[scheduler]
type = "schedule"

[[schedule]]  # member 0, sampled; loss 0.5 at its end
to = 2
lr = 0.3333333333333333
optimizer = "it's \"a\" <b> & c"
)");
}

TEST(ScheduleKeys, NoHyperparameterIsTakenForTheEnd) {
    EXPECT_EQ(schedule_keys(lr_space()), (std::vector<std::string>{"lr", "optimizer", "to_"}));
    const SearchSpace both({{"to", Real{}, Role::fixed, {}, {}}, {"to_", Real{}, Role::fixed, {}, {}}});
    EXPECT_EQ(schedule_keys(both), (std::vector<std::string>{"to__", "to_"}));
}

}  // namespace
}  // namespace stemma::test
