#pragma once
// The contract of every journal that can be read back. Instantiate it with a type that has make(): a fresh journal, and
// committed(): what a reader finds now.

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "unit/record/record_samples.hpp"

namespace stemma::testing {

template <class Subject>
class JournalSuite : public ::testing::Test {
protected:
    /// Bytes of all that a reader finds.
    std::vector<Bytes> found() {
        std::vector<Bytes> all;
        for (const auto& entry : subject.committed()) all.push_back(bytes_of(entry));
        return all;
    }
    Bytes append(record::Journal& journal) {
        const auto entry = sampler.entry(next++);
        journal.append(entry.input, entry.effects);
        return bytes_of(entry);
    }
    Subject subject;
    RecordSampler sampler{21};
    std::uint64_t next = 0;
};
TYPED_TEST_SUITE_P(JournalSuite);

TYPED_TEST_P(JournalSuite, CommittedEntriesComeBackEqualAndInOrder) {
    auto& journal = this->subject.make();
    std::vector<Bytes> expected;
    for (int commit = 0; commit < 20; ++commit) {
        for (int i = 0; i < commit * 7; ++i) expected.push_back(this->append(journal));
        journal.commit();
        EXPECT_EQ(this->found(), expected);
    }
}

TYPED_TEST_P(JournalSuite, NothingIsFoundBeforeTheCommit) {
    auto& journal = this->subject.make();
    this->append(journal);
    EXPECT_TRUE(this->found().empty());
    journal.commit();
    EXPECT_EQ(this->found().size(), 1U);
    this->append(journal);
    EXPECT_EQ(this->found().size(), 1U);
}

TYPED_TEST_P(JournalSuite, AnEmptyCommitAndASyncChangeNothing) {
    auto& journal = this->subject.make();
    journal.commit();
    journal.sync();
    EXPECT_TRUE(this->found().empty());
    this->append(journal);
    journal.commit();
    journal.commit();
    journal.sync();
    EXPECT_EQ(this->found().size(), 1U);
}

REGISTER_TYPED_TEST_SUITE_P(JournalSuite, CommittedEntriesComeBackEqualAndInOrder, NothingIsFoundBeforeTheCommit,
                            AnEmptyCommitAndASyncChangeNothing);

}  // namespace stemma::testing
