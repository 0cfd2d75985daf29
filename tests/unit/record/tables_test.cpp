#include "record/tables.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "record/memory_journal.hpp"
#include "record_samples.hpp"

namespace stemma {
namespace {

/// The first columns of the last row of a table.
template <class... Values>
std::tuple<Values...> last_row(const record::TableRows& rows, record::Table table) {
    const auto size = rows.row_bytes(table);
    ByteReader in(std::span(rows.rows(table)).last(size));
    std::tuple<Values...> values;
    std::apply([&](auto&... value) { (in.get(value), ...); }, values);
    return values;
}

class Tables : public ::testing::Test {
protected:
    void add(input::Body body, Effects effects = {}) {
        rows.add({sequence, static_cast<double>(sequence), std::move(body)}, effects);
        ++sequence;
    }
    /// Outcome of the last lease that ended.
    record::LeaseOutcome outcome() const {
        return std::get<3>(
            last_row<LeaseId, std::uint64_t, double, record::LeaseOutcome>(rows, record::Table::lease_ends));
    }
    static effect::Train assign(std::uint64_t lease, std::uint64_t worker, Resource to = 4) {
        return {{worker}, {lease}, {lease + 10}, 0, to, {}, 0};
    }

    std::uint64_t sequence = 0;
    record::TableRows rows{testing::sample_header()};
};

TEST_F(Tables, AReportEndsItsLease) {
    add(input::Ticked{}, {assign(0, 1)});
    add(input::Report{{1}, {0}, 4, 2.0, 8, {{2, {1, 2, 3}}, {4, {0.5, 2, 3}}}});
    EXPECT_EQ(outcome(), record::LeaseOutcome::reported);
    EXPECT_EQ(rows.count(record::Table::units), 2U);
    using Row = std::tuple<std::uint64_t, double, MemberId, LeaseId, WorkerId, Resource, Resource, double,
                           std::uint64_t, record::ReportStatus, std::uint32_t, double>;
    const auto row = last_row<std::uint64_t, double, MemberId, LeaseId, WorkerId, Resource, Resource, double,
                              std::uint64_t, record::ReportStatus, std::uint32_t, double>(rows, record::Table::reports);
    EXPECT_EQ(row, (Row{1, 1.0, {10}, {0}, {1}, 4, 4, 2.0, 8, record::ReportStatus::full, 1, 0.5}));
}

TEST_F(Tables, AReportSaysHowManyProcessesTrained) {
    add(input::Ticked{}, {assign(0, 1)});
    add(input::Report{{1}, {0}, 4, 2.0, 8, {{4, {0.5, 2, 3}}}, 3});

    const auto row = last_row<std::uint64_t, double, MemberId, LeaseId, WorkerId, Resource, Resource, double,
                              std::uint64_t, record::ReportStatus, std::uint32_t>(rows, record::Table::reports);
    EXPECT_EQ(std::get<10>(row), 3U);
}

TEST_F(Tables, PartialAndLateReportsAreToldApart) {
    add(input::Ticked{}, {assign(0, 1), assign(1, 2)});
    add(input::Report{{1}, {0}, 3, 1, 0, {{3, {1, 1, 1}}}});
    EXPECT_EQ(outcome(), record::LeaseOutcome::partial);
    add(input::Report{{1}, {0}, 4, 1, 0, {{4, {1, 1, 1}}}});
    EXPECT_EQ(rows.count(record::Table::lease_ends), 1U) << "the lease had ended";
    const auto row = last_row<std::uint64_t, double, MemberId, LeaseId, WorkerId, Resource, Resource, double,
                              std::uint64_t, record::ReportStatus>(rows, record::Table::reports);
    EXPECT_EQ(std::get<9>(row), record::ReportStatus::late);
}

TEST_F(Tables, LeasesEndInOtherWays) {
    add(input::Ticked{}, {assign(0, 1), assign(1, 2), assign(2, 2), assign(3, 1)});
    add(input::Failure{{1}, {0}, FailureKind::exception, "t", "m", 0, 0},
        {effect::Noted{EventKind::retry, {10}, {0}, {1}, 0}});
    EXPECT_EQ(outcome(), record::LeaseOutcome::failed);
    EXPECT_EQ(rows.count(record::Table::lease_ends), 1U);
    add(input::Ticked{}, {effect::Noted{EventKind::retry, {13}, {3}, {1}, 0}});
    EXPECT_EQ(outcome(), record::LeaseOutcome::timed_out);
    add(input::WorkerLost{{2}, "no heartbeat"}, {effect::Noted{EventKind::requeued, {11}, {1}, {2}, 0}});
    EXPECT_EQ(outcome(), record::LeaseOutcome::lost);
    EXPECT_EQ(rows.count(record::Table::lease_ends), 4U);
    add(input::Ticked{}, {assign(4, 1)});
    add(input::IncarnationStarted{1, 2}, {assign(5, 1)});
    EXPECT_EQ(rows.count(record::Table::lease_ends), 5U) << "the new one has not ended";
    EXPECT_EQ(outcome(), record::LeaseOutcome::lost);
}

TEST_F(Tables, ConfigurationsAreNumbers) {
    add(input::Ticked{},
        {effect::Born{{0}, BirthCause::sampled, {}, {}, 0, {0.5, std::int64_t{3}, Choice{1}, Inactive{}}}});
    ByteReader in(std::span(rows.rows(record::Table::members)).last(32));
    EXPECT_EQ(in.get<double>(), 0.5);
    EXPECT_EQ(in.get<double>(), 3.0);
    EXPECT_EQ(in.get<double>(), 1.0);
    EXPECT_TRUE(std::isnan(in.get<double>()));
}

TEST_F(Tables, AMembersPlaceIsKnownUnlessAnOlderProgramWroteTheLog) {
    using Row =
        std::tuple<MemberId, MemberId, MemberId, BirthCause, std::uint32_t, std::uint64_t, double, MemberId, BracketId>;
    const auto row = [&] {
        return last_row<MemberId, MemberId, MemberId, BirthCause, std::uint32_t, std::uint64_t, double, MemberId,
                        BracketId>(rows, record::Table::members);
    };
    effect::Born born{.member = {0}, .configuration = {}};
    add(input::Ticked{}, {born});
    EXPECT_EQ(row(), (Row{{0}, {}, {}, BirthCause::sampled, 0, 0, 0.0, {}, {}}));
    born.place = BirthPlace{.replaced = {5}, .bracket = {2}};
    add(input::Ticked{}, {born});
    EXPECT_EQ(row(), (Row{{0}, {}, {}, BirthCause::sampled, 0, 1, 1.0, {5}, {2}}));
}

TEST_F(Tables, AdoptionIsSaidOrFollowsFromTheOwnerOfTheSnapshot) {
    const auto adopted_from = [&] {
        return std::get<8>(
            last_row<LeaseId, MemberId, WorkerId, Resource, Resource, SourceKind, SnapshotId, std::uint32_t, MemberId>(
                rows, record::Table::leases));
    };
    add(input::Ticked{}, {assign(0, 1)});  // of member 10
    EXPECT_FALSE(adopted_from().exists());
    auto child = assign(1, 1);
    child.source = {SourceKind::local, {0}, {1}, {}, 8};
    add(input::Ticked{}, {child});
    EXPECT_EQ(adopted_from(), MemberId{10}) << "an older log";
    child = assign(2, 1);
    child.source = {SourceKind::local, {0}, {1}, {}, 8};
    child.adopted_from = MemberId{7};
    add(input::Ticked{}, {child});
    EXPECT_EQ(adopted_from(), MemberId{7});
}

TEST_F(Tables, ClearingKeepsTheCounts) {
    add(input::WorkerJoined{{1}, "host", "cpu", 5});
    const auto payload = rows.count(record::Table::payload);
    rows.clear();
    EXPECT_TRUE(rows.rows(record::Table::inputs).empty());
    add(input::WorkerJoined{{2}, "other", "cpu", 5});
    EXPECT_EQ(rows.count(record::Table::inputs), 2U);
    const auto row = last_row<std::uint64_t, double, std::uint8_t, std::uint64_t>(rows, record::Table::inputs);
    EXPECT_EQ(std::get<3>(row), payload) << "offsets count from the start of the run";
}

TEST_F(Tables, AnyLogGivesRows) {
    testing::RecordSampler sampler(3);
    for (std::uint64_t i = 0; i < 3000; ++i) {
        const auto entry = sampler.entry(i);
        rows.add(entry.input, entry.effects);
    }
    EXPECT_EQ(rows.count(record::Table::inputs), 3000U);
    for (std::size_t i = 0; i < record::table_count; ++i) {
        const auto table = static_cast<record::Table>(i);
        EXPECT_EQ(rows.rows(table).size() % rows.row_bytes(table), 0U) << record::tables[i].name;
    }
}

TEST(MemoryJournal, CommittedIsWhatAKillWouldLeave) {
    record::MemoryJournal journal;
    journal.append({0, 0, input::Ticked{}}, {});
    EXPECT_EQ(journal.committed().size(), 0U);
    journal.commit();
    journal.append({1, 0, input::Ticked{}}, {});
    EXPECT_EQ(journal.committed().size(), 1U);
}

}  // namespace
}  // namespace stemma
