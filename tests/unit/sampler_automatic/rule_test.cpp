#include "sampler/automatic/rule.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "unit/sampler/fixtures.hpp"

namespace stemma {
namespace {

using enum AutomaticChoice;

TEST(AutomaticRule, PlansByDimensionAndBudget) {
    const struct {
        SearchFacts facts;
        AutomaticChoice choice;
        const char* reason;
    } table[] = {
        {{0, 0, 0}, random, "there is nothing to search"},
        {{0, 0, 100}, random, "there is nothing to search"},
        {{1, 0, 1}, random, "1 number, 1 configuration: too few for a model"},
        {{1, 0, 2}, random, "1 number, 2 configurations: too few for a model"},
        {{1, 0, 3}, gp, "1 number, 3 configurations"},
        {{3, 2, 6}, random, "3 numbers and 2 choices, 6 configurations: too few for a model"},
        {{3, 2, 7}, gp, "3 numbers and 2 choices, 7 configurations"},
        {{0, 6, 100}, gp, "0 numbers and 6 choices, 100 configurations"},
        {{5, 0, 0}, gp, "5 numbers, no known number of configurations"},
        {{5, 1, 300}, gp, "5 numbers and 1 choice, 300 configurations"},
        {{5, 1, 301}, tpe, "5 numbers and 1 choice, 301 configurations: more than 300"},
        {{20, 0, 100}, gp, "20 numbers, 100 configurations"},
        {{20, 1, 100}, tpe, "20 numbers and 1 choice, 100 configurations: more than 20 parameters"},
        {{60, 0, 0}, tpe, "60 numbers, no known number of configurations: more than 20 parameters"},
        {{60, 0, 61}, random, "60 numbers, 61 configurations: too few for a model"},
        {{5, 1, 100, 2}, random, "2 metrics: models learn from one metric"},
    };
    for (const auto& row : table) {
        const auto decision = planned(row.facts);
        EXPECT_EQ(decision.choice, row.choice) << row.reason;
        EXPECT_EQ(decision.reason, row.reason);
    }
}

TEST(AutomaticRule, WeighsAProposalAgainstATraining) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const struct {
        ProposalCost cost;
        bool affordable;
    } table[] = {
        {{0.05, 1, 1}, true},      {{0.0501, 1, 1}, false},   {{0.05, 1, 10}, true},   {{0.05, 1, 11}, false},
        {{0.001, 1, 500}, true},   {{0.001, 1, 501}, false},  {{0.003, 60, 32}, true}, {{0.003, 0.01, 1}, false},
        {{infinity, 1, 1}, false}, {{0.001, 0, 1}, false},    {{0.05, 1, 0}, true},    {{3, 3600, 8}, true},
        {{0.001, -1, 1}, false},   {{infinity, 0, 1}, false},
    };
    for (const auto& row : table)
        EXPECT_EQ(affordable(row.cost), row.affordable) << row.cost.proposal << " " << row.cost.training;
    EXPECT_EQ(text_of(ProposalCost{0.0032, 0.8, 8}), "a proposal takes 3.2 ms, 0.4 % of a training (8 out)");
}

TEST(AutomaticRule, CountsWhatHasSeveralValues) {
    const auto facts = facts_of(test::training_space(), 17);
    EXPECT_EQ(facts.numbers, 4U) << "lr, momentum, batch, depth";
    EXPECT_EQ(facts.choices, 2U) << "optimizer, nesterov";
    EXPECT_EQ(facts.configurations, 17U);
}

}  // namespace
}  // namespace stemma
