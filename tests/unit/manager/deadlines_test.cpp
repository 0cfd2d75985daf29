// When leases are taken back.
#include "manager/deadlines.hpp"

#include "unit/manager/harness.hpp"

namespace stemma::test {
namespace {

class DeadlinesTest : public ::testing::Test {
protected:
    DeadlinesTest() { workers.join({1}, "host", 0); }
    ActiveLease& give(Deadlines& deadlines, std::uint64_t lease, Resource units, double now) {
        ActiveLease out;
        out.lease = {lease};
        out.to = units;
        workers.add({1}, out);
        auto& given = *workers.find({1}, {lease});
        deadlines.set({1}, given, now);
        return given;
    }
    WorkerTable workers{3};
};

TEST_F(DeadlinesTest, ATimeoutCountsFromTheAssignment) {
    Deadlines deadlines({.lease_timeout = 10}, workers);
    EXPECT_EQ(deadlines.next(), std::numeric_limits<double>::infinity());
    give(deadlines, 0, 1, 5);
    const auto second = give(deadlines, 1, 1, 7);
    EXPECT_EQ(deadlines.next(), 15);
    EXPECT_EQ(deadlines.due(14.9), std::nullopt);
    EXPECT_EQ(deadlines.due(15), (std::pair(WorkerId{1}, LeaseId{0})));
    deadlines.remove(*workers.find({1}, {0}));
    EXPECT_EQ(deadlines.due(16), std::nullopt);
    EXPECT_EQ(deadlines.next(), 17);
    deadlines.remove(second);
    EXPECT_EQ(deadlines.next(), std::numeric_limits<double>::infinity());
}

TEST_F(DeadlinesTest, ATimeoutMayBeShorterThanASecond) {
    Deadlines deadlines({.lease_timeout = 0.5}, workers);
    EXPECT_EQ(give(deadlines, 0, 1, 5).deadline, 5.5);
}

TEST_F(DeadlinesTest, PatienceWaitsForTheFirstTrainingAndCountsTheLeasesBefore) {
    Deadlines deadlines({.lease_patience = 3, .lease_floor = 1}, workers);
    give(deadlines, 0, 4, 0);
    give(deadlines, 1, 2, 0);
    EXPECT_EQ(deadlines.next(), std::numeric_limits<double>::infinity());
    deadlines.learn(0, 5, 10);
    deadlines.learn(5, 0, 10);
    EXPECT_EQ(deadlines.next(), std::numeric_limits<double>::infinity()) << "neither tells a pace";
    deadlines.learn(10, 5, 100);  // 2 seconds a unit
    EXPECT_EQ(workers.find({1}, {0})->deadline, 100 + 3 * 2 * 4);
    EXPECT_EQ(workers.find({1}, {1})->deadline, 100 + 3 * 2 * (4 + 2));
    deadlines.learn(5, 5, 101);
    EXPECT_EQ(give(deadlines, 2, 1, 200).deadline, 200 + 3 * 2 * (4 + 2 + 1)) << "the slowest counts";
}

TEST_F(DeadlinesTest, PatienceNeverEndsBeforeTheFloorNorLastsBeyondTheTimeout) {
    Deadlines deadlines({.lease_timeout = 50, .lease_patience = 2, .lease_floor = 20}, workers);
    deadlines.learn(1, 1, 0);
    EXPECT_EQ(give(deadlines, 0, 1, 0).deadline, 20);
    EXPECT_EQ(give(deadlines, 1, 1000, 0).deadline, 50);
}

}  // namespace
}  // namespace stemma::test
