#include "record/lease_ledger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stemma::record {

static bool operator==(const LeaseLedger::End& a, const LeaseLedger::End& b) {
    return a.lease == b.lease && a.member == b.member && a.outcome == b.outcome;
}

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using End = LeaseLedger::End;

/// Leases 1, 2 and 3 of members 11, 12 and 13, from 0 to 4: the first two on worker 1, the third on worker 2.
class Ledger : public ::testing::Test {
protected:
    void SetUp() override {
        for (std::uint64_t i = 1; i <= 3; ++i)
            ledger.on(effect::Train{
                .worker = {i < 3 ? 1U : 2U}, .lease = {i}, .member = {10 + i}, .from = 0, .to = 4, .source = {}});
    }
    std::vector<End> ends(const input::Body& input) {
        const auto found = ledger.on(input);
        return {found.begin(), found.end()};
    }
    std::vector<std::uint64_t> held() const {
        std::vector<std::uint64_t> numbers;
        for (const auto& [id, lease] : ledger.held()) numbers.push_back(id.value);
        return numbers;
    }
    LeaseLedger ledger;
};

TEST_F(Ledger, AReportEndsALease) {
    EXPECT_THAT(ends(input::Report{.worker = {1}, .lease = {1}, .reached = 4, .rows = {}}),
                ElementsAre(End{{1}, {11}, LeaseOutcome::reported}));
    EXPECT_THAT(ends(input::Report{.worker = {2}, .lease = {3}, .reached = 3, .rows = {}}),
                ElementsAre(End{{3}, {13}, LeaseOutcome::partial}));
    EXPECT_THAT(held(), ElementsAre(2));
}

TEST_F(Ledger, AReportOfAnotherWorkerOrOfAnUnknownLeaseIsLate) {
    EXPECT_THAT(ends(input::Report{.worker = {2}, .lease = {1}, .reached = 4, .rows = {}}), IsEmpty());
    EXPECT_THAT(ends(input::Report{.worker = {2}, .lease = {9}, .reached = 4, .rows = {}}), IsEmpty());
    EXPECT_THAT(held(), ElementsAre(1, 2, 3));
}

TEST_F(Ledger, AFailureEndsALease) {
    EXPECT_THAT(ends(input::Failure{.worker = {1}, .lease = {2}, .type = {}, .message = {}}),
                ElementsAre(End{{2}, {12}, LeaseOutcome::failed}));
    EXPECT_EQ(ledger.on(effect::Noted{.kind = EventKind::retry, .lease = {2}}), std::nullopt)
        << "it failed, and is tried again";
}

TEST_F(Ledger, ALostWorkerAndANewIncarnationLoseTheirs) {
    EXPECT_THAT(ends(input::WorkerLost{{1}, "gone"}),
                ElementsAre(End{{1}, {11}, LeaseOutcome::lost}, End{{2}, {12}, LeaseOutcome::lost}));
    EXPECT_EQ(ledger.on(effect::Noted{.kind = EventKind::requeued, .lease = {1}}), std::nullopt);
    EXPECT_THAT(ends(input::IncarnationStarted{1, 2}), ElementsAre(End{{3}, {13}, LeaseOutcome::lost}));
    EXPECT_THAT(held(), IsEmpty());
}

TEST_F(Ledger, WhatIsGivenUpStaysWithItsWorkerUntilThatLetsGo) {
    EXPECT_EQ(ledger.on(effect::Noted{.kind = EventKind::retry, .lease = {1}}),
              (End{{1}, {11}, LeaseOutcome::timed_out}));
    EXPECT_EQ(ledger.on(effect::Noted{.kind = EventKind::member_failed, .lease = {1}}), std::nullopt) << "told once";
    EXPECT_EQ(ledger.on(effect::Noted{.kind = EventKind::requeued, .lease = {2}}),
              (End{{2}, {12}, LeaseOutcome::lost}));
    EXPECT_EQ(ledger.on(effect::Noted{.kind = EventKind::new_best, .lease = {3}}), std::nullopt);
    EXPECT_THAT(held(), ElementsAre(1, 2, 3));
    EXPECT_TRUE(ledger.held().at({1}).over);
    EXPECT_THAT(ends(input::Report{.worker = {1}, .lease = {1}, .reached = 4, .rows = {}}), IsEmpty()) << "late";
    EXPECT_THAT(ends(input::WorkerLost{{1}, "gone"}), IsEmpty());
    EXPECT_THAT(held(), ElementsAre(3));
}

}  // namespace
}  // namespace stemma::record
