#include "sampler/trial_orders.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/rng.hpp"

namespace stemma {
namespace {

/// Trials of members that come and go, with a second coordinate that every third of them does not have.
class TrialOrdersTest : public ::testing::Test {
protected:
    TrialOrdersTest() {
        for (std::uint64_t member = 0; member < 2000; ++member) {
            const double x = random_.below(5) == 0 ? 0.5 : random_.uniform(), y = random_.uniform();
            units_.push_back({x, y});
            configurations_.push_back({x, member % 3 == 0 ? Value{Inactive{}} : Value{y}});
        }
    }

    std::vector<Trial> trials(const std::set<std::uint64_t>& members) const {
        std::vector<Trial> all;
        for (const auto member : members) {
            auto& trial = all.emplace_back();
            trial.member = {member};
            trial.unit = units_[member];
            trial.configuration = configurations_[member];
        }
        return all;
    }
    void expect_sorted(const TrialOrders& orders, const std::vector<Trial>& trials) const {
        for (std::size_t coordinate = 0; coordinate < 2; ++coordinate) {
            std::vector<TrialPlace> expected;
            for (std::uint32_t i = 0; i < trials.size(); ++i) {
                if (coordinate == 1 && trials[i].member.value % 3 == 0) continue;
                expected.push_back({trials[i].unit[coordinate], i});
            }
            std::ranges::sort(expected);
            ASSERT_TRUE(std::ranges::equal(orders.ascending(coordinate), expected));
        }
    }

    Stream random_{1, Purpose::test};
    std::vector<std::vector<double>> units_;
    std::vector<Configuration> configurations_;
};

TEST_F(TrialOrdersTest, AreSortedWhateverCameBefore) {
    TrialOrders orders;
    std::set<std::uint64_t> members;
    std::uint64_t next = 0;
    for (int step = 0; step < 300; ++step) {
        const auto come = random_.below(step % 50 == 0 ? 200 : 3);
        for (std::uint64_t i = 0; i < come && next < units_.size(); ++i) members.insert(next++);
        for (auto gone = random_.below(step % 70 == 69 ? 300 : 4); gone > 0 && members.size() > 1; --gone) {
            members.erase(std::next(members.begin(), static_cast<std::ptrdiff_t>(random_.below(members.size()))));
        }
        if (members.empty()) members.insert(next++);
        const auto now = trials(members);
        orders.update(now);
        expect_sorted(orders, now);
    }
}

TEST_F(TrialOrdersTest, AreSortedAfterALineageOfOtherTrials) {
    TrialOrders orders;
    std::set<std::uint64_t> even, odd;
    for (std::uint64_t member = 0; member < 100; ++member) (member % 2 == 0 ? even : odd).insert(member);
    for (const auto* members : {&even, &odd, &even}) {
        const auto now = trials(*members);
        orders.update(now);
        expect_sorted(orders, now);
    }
}

TEST_F(TrialOrdersTest, OfNoTrialsComeTrials) {
    TrialOrders orders;
    orders.update({});
    const auto now = trials({7});
    orders.update(now);
    expect_sorted(orders, now);
}

}  // namespace
}  // namespace stemma
