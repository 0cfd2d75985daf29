#include "sampler/schedule.hpp"

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "support/errors.hpp"

namespace stemma::test {
namespace {

std::shared_ptr<const SearchSpace> space() {
    return std::make_shared<const SearchSpace>(
        std::vector<Parameter>{{"lr", Real{0, 1, Scale::linear, {}}, Role::mutable_value, {}, {}},
                               {"width", Integer{1, 64, Scale::linear, {}}, Role::fixed, {}, {}}});
}

Configuration configuration(double lr, std::int64_t width = 8) { return {lr, width}; }

TEST(ScheduleSampler, ALineageGetsTheStagesInOrder) {
    const std::vector<Configuration> stages = {configuration(0.1), configuration(0.2), configuration(0.3)};
    const auto sampler = make_schedule_sampler(space(), stages);
    for (std::uint64_t stage = 0; stage < stages.size(); ++stage) {
        const auto parent = stage == 0 ? MemberId::none() : MemberId{stage - 1};
        const auto proposed = sampler->propose({{stage}, stage, parent});
        ASSERT_TRUE(proposed);
        EXPECT_EQ(*proposed, stages[stage]);
        sampler->born({{stage}, parent, 0, *proposed});
    }
    EXPECT_FALSE(sampler->propose({{3}, 3, {2}})) << "nothing comes after the last stage";
}

TEST(ScheduleSampler, ALineageThatBeginsAgainGetsItsScheduleAgain) {
    const auto sampler = make_schedule_sampler(space(), {configuration(0.1), configuration(0.2)});
    sampler->born({{0}, {}, 0, configuration(0.1)});
    sampler->born({{1}, {0}, 3, configuration(0.2)});
    EXPECT_EQ(sampler->propose({{2}, 2, {0}}), configuration(0.2));
    EXPECT_EQ(sampler->propose({{2}, 2, {}}), configuration(0.1));
}

TEST(ScheduleSampler, RefusesWhatCannotBeTrained) {
    EXPECT_ERROR(make_schedule_sampler(space(), {}), UserError, "a schedule needs at least one stage");
    EXPECT_ERROR(make_schedule_sampler(space(), {configuration(2)}), UserError,
                 "schedule: stage 1: hyperparameter \"lr\"");
    EXPECT_ERROR(make_schedule_sampler(space(), {configuration(0.1, 8), configuration(0.1, 9)}), UserError,
                 "\"width\" changes, but its role says that children inherit it")
        << "children inherit what is fixed";
}

}  // namespace
}  // namespace stemma::test
