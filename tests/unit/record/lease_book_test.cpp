#include "record/lease_book.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stemma {

static bool operator==(const LeaseBook::End& a, const LeaseBook::End& b) {
    return a.lease == b.lease && a.member == b.member && a.outcome == b.outcome;
}

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using End = LeaseBook::End;

/// Leases 1, 2 and 3 of members 11, 12 and 13, from 0 to 4: the first two on worker 1, the third on worker 2.
class Book : public ::testing::Test {
protected:
    void SetUp() override {
        for (std::uint64_t i = 1; i <= 3; ++i)
            book.on(Assign{
                .worker = {i < 3 ? 1U : 2U}, .lease = {i}, .member = {10 + i}, .from = 0, .to = 4, .source = {}});
    }
    std::vector<End> ends(const InputBody& input) {
        const auto found = book.on(input);
        return {found.begin(), found.end()};
    }
    std::vector<std::uint64_t> held() const {
        std::vector<std::uint64_t> numbers;
        for (const auto& [id, lease] : book.held()) numbers.push_back(id.value);
        return numbers;
    }
    LeaseBook book;
};

TEST_F(Book, AReportEndsALease) {
    EXPECT_THAT(ends(LeaseReported{.worker = {1}, .lease = {1}, .reached = 4, .rows = {}}),
                ElementsAre(End{{1}, {11}, LeaseOutcome::reported}));
    EXPECT_THAT(ends(LeaseReported{.worker = {2}, .lease = {3}, .reached = 3, .rows = {}}),
                ElementsAre(End{{3}, {13}, LeaseOutcome::partial}));
    EXPECT_THAT(held(), ElementsAre(2));
}

TEST_F(Book, AReportOfAnotherWorkerOrOfAnUnknownLeaseIsLate) {
    EXPECT_THAT(ends(LeaseReported{.worker = {2}, .lease = {1}, .reached = 4, .rows = {}}), IsEmpty());
    EXPECT_THAT(ends(LeaseReported{.worker = {2}, .lease = {9}, .reached = 4, .rows = {}}), IsEmpty());
    EXPECT_THAT(held(), ElementsAre(1, 2, 3));
}

TEST_F(Book, AFailureEndsALease) {
    EXPECT_THAT(ends(LeaseFailed{.worker = {1}, .lease = {2}, .type = {}, .message = {}}),
                ElementsAre(End{{2}, {12}, LeaseOutcome::failed}));
    EXPECT_EQ(book.on(Noted{.kind = EventKind::retry, .lease = {2}}), std::nullopt) << "it failed, and is tried again";
}

TEST_F(Book, ALostWorkerAndANewIncarnationLoseTheirs) {
    EXPECT_THAT(ends(WorkerLost{{1}, "gone"}),
                ElementsAre(End{{1}, {11}, LeaseOutcome::lost}, End{{2}, {12}, LeaseOutcome::lost}));
    EXPECT_EQ(book.on(Noted{.kind = EventKind::requeued, .lease = {1}}), std::nullopt);
    EXPECT_THAT(ends(IncarnationStarted{1, 2}), ElementsAre(End{{3}, {13}, LeaseOutcome::lost}));
    EXPECT_THAT(held(), IsEmpty());
}

TEST_F(Book, WhatIsGivenUpStaysWithItsWorkerUntilThatLetsGo) {
    EXPECT_EQ(book.on(Noted{.kind = EventKind::retry, .lease = {1}}), (End{{1}, {11}, LeaseOutcome::timed_out}));
    EXPECT_EQ(book.on(Noted{.kind = EventKind::member_failed, .lease = {1}}), std::nullopt) << "told once";
    EXPECT_EQ(book.on(Noted{.kind = EventKind::requeued, .lease = {2}}), (End{{2}, {12}, LeaseOutcome::lost}));
    EXPECT_EQ(book.on(Noted{.kind = EventKind::new_best, .lease = {3}}), std::nullopt);
    EXPECT_THAT(held(), ElementsAre(1, 2, 3));
    EXPECT_TRUE(book.held().at({1}).over);
    EXPECT_THAT(ends(LeaseReported{.worker = {1}, .lease = {1}, .reached = 4, .rows = {}}), IsEmpty()) << "late";
    EXPECT_THAT(ends(WorkerLost{{1}, "gone"}), IsEmpty());
    EXPECT_THAT(held(), ElementsAre(3));
}

}  // namespace
}  // namespace stemma
