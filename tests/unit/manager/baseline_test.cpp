// Members that are no better than the best constant prediction.
#include <cmath>

#include "unit/manager/harness.hpp"

namespace stemma::test {
namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
const double unknown = std::nan("");

/// What schedulers and samplers see of a member with this metric.
struct Seen {
    bool learned;
    double objective;  ///< to the sampler
};

Seen seen_of(const ManagerSettings& settings, const std::vector<Tail<std::vector<double>>>& workers, double metric) {
    Harness harness(settings);
    for (std::uint64_t i = 0; i < 2; ++i) harness.scheduler->work.emplace_back(action::Create{.to = 1});
    harness.feed(input::IncarnationStarted{0, static_cast<std::uint32_t>(workers.size())});
    for (std::size_t i = 0; i < workers.size(); ++i)
        harness.feed(input::WorkerJoined{{i + 1}, "host", "cpu", 0, workers[i]});
    harness.report(1, 0, 1, metric);
    for (const auto& event : harness.scheduler->seen) {
        if (const auto* report = std::get_if<event::Report>(&event))
            return {report->learned, harness.sampler->observed.back().objective};
    }
    ADD_FAILURE() << "no report";
    return {};
}

TEST(Baseline, OfTheTrainerDividesTheMembers) {
    ManagerSettings accuracy;
    accuracy.maximize = true;
    EXPECT_TRUE(seen_of(accuracy, {{std::vector{0.1}}}, 0.11).learned);
    EXPECT_EQ(seen_of(accuracy, {{std::vector{0.1}}}, 0.11).objective, -0.11);
    EXPECT_FALSE(seen_of(accuracy, {{std::vector{0.1}}}, 0.1).learned) << "equal is not better";
    EXPECT_EQ(seen_of(accuracy, {{std::vector{0.1}}}, 0.1).objective, inf);
    EXPECT_FALSE(seen_of({}, {{std::vector{2.3}}}, 2.4).learned);
    EXPECT_TRUE(seen_of({}, {{std::vector{2.3}}}, 2.2).learned);
}

TEST(Baseline, UnknownOnesDivideNothing) {
    EXPECT_TRUE(seen_of({}, {{}}, 1e9).learned) << "a log of an older program";
    EXPECT_TRUE(seen_of({}, {{std::vector<double>{}}}, 1e9).learned);
    EXPECT_TRUE(seen_of({}, {{std::vector{unknown}}}, 1e9).learned);
    EXPECT_EQ(seen_of({}, {{std::vector{unknown}}}, 1e9).objective, 1e9);
}

TEST(Baseline, TheFirstKnownOneCountsAndTheJobsOwnBeforeAll) {
    EXPECT_FALSE(seen_of({}, {{std::vector{unknown}}, {std::vector{2.0}}}, 2.5).learned);
    EXPECT_FALSE(seen_of({}, {{std::vector{2.0}}, {std::vector{3.0}}}, 2.5).learned);
    ManagerSettings own;
    own.baseline = 3;
    EXPECT_TRUE(seen_of(own, {{std::vector{2.0}}}, 2.5).learned);
}

}  // namespace
}  // namespace stemma::test
