// Searches whose snapshots are in the memory of a second worker, and whose workers die.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "case.hpp"

namespace stemma::testing {
namespace {

class Replicas : public ::testing::TestWithParam<Kind> {};

INSTANTIATE_TEST_SUITE_P(EachScheduler, Replicas, ::testing::ValuesIn(all_kinds),
                         [](const auto& each) { return name_of(each.param); });

/// No disk, workers that die one after the other, and workers that replace them.
Case dying_case(Kind kind, std::uint64_t seed) {
    auto dying = plain_case(kind, seed);
    dying.manager.durable = DurablePolicy::none;
    dying.manager.replicated = DurablePolicy::all;
    dying.manager.spill = false;
    auto& machine = dying.simulation;
    machine.workers = static_cast<std::uint32_t>(3 + seed % 6);
    machine.workers_per_host = static_cast<std::uint32_t>(seed % 3);
    machine.faults.death_per_second = 0.02;
    machine.faults.respawn_seconds = 0.5;
    return dying;
}

std::uint64_t count(const std::vector<record::Entry>& entries, EventKind kind) {
    std::uint64_t found = 0;
    for (const auto& entry : entries) {
        for (const auto& effect : entry.effects) {
            const auto* noted = std::get_if<effect::Noted>(&effect);
            found += noted != nullptr && noted->kind == kind ? 1 : 0;
        }
    }
    return found;
}

/// Members whose snapshot is lost everywhere: they are trained again, or given up (heirs).
std::uint64_t lost_members(const std::vector<record::Entry>& entries) {
    return count(entries, EventKind::retrain) + count(entries, EventKind::member_failed);
}

TEST_P(Replicas, NoDeathCostsASnapshotWhenCopiesTakeNoTime) {
    std::uint64_t deaths = 0;
    std::uint64_t lost_without = 0;
    for (const auto seed : seeds(100)) {
        SCOPED_TRACE(how_to_replay(seed));
        auto dying = dying_case(GetParam(), seed);
        dying.simulation.message_seconds = 0;
        dying.simulation.faults.detection_seconds = 0;
        Ran with;
        ASSERT_NO_THROW(with = checked_run(dying));
        ASSERT_TRUE(with.result.ended);
        ASSERT_EQ(count(with.entries, EventKind::retrain), 0U);
        deaths += with.result.deaths;
        if (count(with.entries, EventKind::member_failed) > 0) {
            // Only members whose trainings died four times: never for want of a snapshot.
            std::map<std::uint64_t, int> requeued;
            for (const auto& entry : with.entries) {
                for (const auto& effect : entry.effects) {
                    const auto* noted = std::get_if<effect::Noted>(&effect);
                    if (noted == nullptr) continue;
                    if (noted->kind == EventKind::requeued) ++requeued[noted->member.value];
                    if (noted->kind != EventKind::member_failed) continue;
                    ASSERT_GE(requeued[noted->member.value], 3);
                }
            }
        }
        dying.manager.replicated = DurablePolicy::none;
        ASSERT_NO_THROW(lost_without += lost_members(checked_run(dying).entries));
    }
    EXPECT_GT(deaths, 20U) << "else nothing was tested";
    if (GetParam() == Kind::random) return;  // no member is continued
    EXPECT_GT(lost_without, 0U) << "else a second copy is good for nothing";
}

TEST_P(Replicas, HoldTheirInvariantsUnderSlowTransfersAndDeathsOfHolders) {
    std::uint64_t copies = 0;
    for (const auto seed : seeds(300)) {
        SCOPED_TRACE(how_to_replay(seed));
        auto dying = dying_case(GetParam(), seed);
        auto& machine = dying.simulation;
        machine.bytes_per_second = 0.5 + static_cast<double>(seed % 7);
        machine.snapshot_quota = seed % 2 == 0 ? 0 : 2 + seed % 5;
        machine.faults.death_per_second = 0.05;
        machine.faults.detection_seconds = static_cast<double>(seed % 4);
        machine.faults.lose_snapshot = seed % 3 == 0 ? 0.05 : 0;
        machine.faults.lose_transfer = seed % 4 == 0 ? 0.3 : 0;
        machine.transfer_timeout = seed % 4 == 0 ? 5 : 0;
        machine.faults.duplicate = seed % 5 == 0 ? 0.1 : 0;
        machine.faults.delay = seed % 5 == 1 ? 0.3 : 0;
        dying.manager.spill = seed % 2 == 0;
        dying.manager.durable = static_cast<DurablePolicy>(seed / 2 % 4);
        dying.manager.replicated = static_cast<DurablePolicy>(1 + seed % 3);
        dying.manager.lease_timeout = 300;
        Ran ran;
        ASSERT_NO_THROW(ran = checked_run(dying));
        ASSERT_TRUE(ran.result.ended) << simulation_report(ran.result);
        for (const auto& entry : ran.entries) {
            for (const auto& effect : entry.effects)
                copies += std::holds_alternative<effect::Replicate>(effect) ? 1 : 0;
        }
        ASSERT_NO_THROW(replayed(dying, ran.entries));
    }
    EXPECT_GT(copies, 300U) << "else nothing was tested";
}

/// Ways between workers break, and no worker dies. No owner's copies wait longer than the time that one is waited for.
TEST_P(Replicas, CopiesThatDoNotComeHoldNoOthersUp) {
    std::uint64_t late = 0;
    std::uint64_t done = 0;
    for (const auto seed : seeds(100)) {
        SCOPED_TRACE(how_to_replay(seed));
        auto apart = dying_case(GetParam(), seed);
        apart.simulation.faults = {.lose_transfer = 0.3};
        apart.simulation.transfer_timeout = 3;
        Ran ran;
        ASSERT_NO_THROW(ran = checked_run(apart));
        ASSERT_TRUE(ran.result.ended) << simulation_report(ran.result);
        std::map<TransferId, double> ordered;
        for (const auto& entry : ran.entries) {
            if (const auto* gone = std::get_if<input::TransferLate>(&entry.input.body)) {
                late += ordered.erase(gone->transfer);
            } else if (const auto* came = std::get_if<input::TransferDone>(&entry.input.body)) {
                done += ordered.erase(came->transfer);
            }
            for (const auto& effect : entry.effects) {
                if (const auto* copy = std::get_if<effect::Replicate>(&effect)) {
                    ordered[copy->transfer] = entry.input.time;
                } else if (const auto* abort = std::get_if<effect::AbortTransfer>(&effect)) {
                    ordered.erase(abort->transfer);
                }
            }
            for (const auto& [transfer, time] : ordered) ASSERT_LT(entry.input.time - time, 3.1);
        }
        ASSERT_NO_THROW(replayed(apart, ran.entries));
    }
    EXPECT_GT(late, 10U) << "else nothing was tested";
    EXPECT_GT(done, late);
}

/// What the record says of where snapshots are, in a search without faults.
TEST_P(Replicas, EverySnapshotThatStaysIsWithTwoWorkersOfTwoHosts) {
    for (const auto seed : seeds(50)) {
        SCOPED_TRACE(how_to_replay(seed));
        auto calm = dying_case(GetParam(), seed);
        calm.simulation.faults = {};
        calm.simulation.workers_per_host = 2;
        calm.simulation.message_seconds = 0;
        const auto ran = checked_run(calm);
        std::map<TransferId, effect::Replicate> under_way;
        std::map<SnapshotId, std::set<WorkerId>> where;
        for (const auto& entry : ran.entries) {
            if (const auto* report = std::get_if<input::Report>(&entry.input.body)) {
                where[snapshot_of(report->lease)].insert(report->worker);
            }
            if (const auto* done = std::get_if<input::TransferDone>(&entry.input.body)) {
                if (const auto copy = under_way.find(done->transfer); copy != under_way.end()) {
                    const auto host = [](WorkerId worker) { return (worker.value - 1) / 2; };
                    ASSERT_NE(host(copy->second.owner), host(copy->second.worker));
                    where[copy->second.snapshot].insert(copy->second.worker);
                }
            }
            for (const auto& effect : entry.effects) {
                if (const auto* copy = std::get_if<effect::Replicate>(&effect)) under_way[copy->transfer] = *copy;
                if (const auto* drop = std::get_if<effect::Drop>(&effect)) where[drop->snapshot].erase(drop->worker);
            }
        }
        auto manager = replayed(calm, ran.entries);
        // The last reports end the search: their copies are not waited for.
        const double last = ran.entries.back().input.time;
        std::map<SnapshotId, double> made;
        for (const auto& entry : ran.entries) {
            if (const auto* report = std::get_if<input::Report>(&entry.input.body)) {
                made[snapshot_of(report->lease)] = entry.input.time;
            }
        }
        for (const auto snapshot : manager.kept_snapshots()) {
            if (made[snapshot] == last) continue;
            ASSERT_GE(where[snapshot].size(), 2U) << "snapshot " << snapshot.value;
        }
    }
}

}  // namespace
}  // namespace stemma::testing
