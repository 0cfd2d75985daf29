// Which result is the best, and whose snapshot is kept for it.
#include "manager/best_so_far.hpp"

#include "unit/manager/harness.hpp"

namespace stemma::test {
namespace {

class Bests : public ::testing::Test {
protected:
    Bests() { workers.join({1}, "host", 0); }
    std::uint32_t snapshot(std::uint64_t id) { return store.add({id}, {id}, 1, 1, {1}, out); }
    bool consider(BestSoFar& bests, std::uint64_t member, Resource resource, double metric, std::uint32_t slot) {
        return bests.consider({{member}, resource, {metric, 7}, {}}, metric,
                              Objectives(std::span<const double>({-metric})), slot, out);
    }

    WorkerTable workers{1};
    TransferTable transfers{workers};
    SnapshotStore store{workers, transfers, false};
    Effects out;
};

TEST_F(Bests, ABetterResultReplacesTheBestAndItsSnapshot) {
    BestSoFar bests(0, store);
    EXPECT_FALSE(bests.best().has_value());
    const auto first = snapshot(0);
    const auto second = snapshot(1);
    EXPECT_TRUE(consider(bests, 0, 1, 0.5, first));
    EXPECT_FALSE(consider(bests, 1, 1, 0.5, second)) << "the first of two as good stays";
    EXPECT_EQ(bests.best()->member, MemberId{0});
    store.release(first, out);
    EXPECT_TRUE(all_of<effect::Drop>(out).empty()) << "the best one's is kept";
    EXPECT_TRUE(consider(bests, 1, 1, 0.6, second));
    EXPECT_EQ(only<effect::Drop>(out).snapshot, SnapshotId{0});
    EXPECT_EQ(bests.best()->snapshot, SnapshotId{1});
    EXPECT_EQ(bests.best()->metric, 0.6);
    EXPECT_EQ(bests.best()->metrics, (std::vector{0.6, 7.0}));
    EXPECT_TRUE(consider(bests, 2, 1, 0.7, no_slot));
    EXPECT_FALSE(bests.best()->snapshot.exists());
}

TEST_F(Bests, ResultsBelowTheEndDoNotCountAndARaisedEndBeginsAnew) {
    BestSoFar bests(9, store);
    EXPECT_FALSE(consider(bests, 0, 3, 0.9, no_slot));
    EXPECT_TRUE(consider(bests, 1, 9, 0.5, no_slot));
    bests.extend(9);
    EXPECT_FALSE(consider(bests, 2, 9, 0.4, no_slot)) << "the end is the same";
    bests.extend(27);
    EXPECT_EQ(bests.best()->member, MemberId{1}) << "until a member has come to the new end";
    EXPECT_FALSE(consider(bests, 3, 9, 0.8, no_slot));
    EXPECT_TRUE(consider(bests, 4, 27, 0.3, no_slot));
    EXPECT_EQ(bests.best()->resource, 27);
}

TEST_F(Bests, WithoutAnEndEveryResultCountsWhateverIsRaised) {
    BestSoFar bests(0, store);
    EXPECT_TRUE(consider(bests, 0, 1, 0.5, no_slot));
    bests.extend(27);
    EXPECT_FALSE(consider(bests, 1, 27, 0.4, no_slot));
}

}  // namespace
}  // namespace stemma::test
