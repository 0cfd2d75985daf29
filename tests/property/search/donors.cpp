// One snapshot that all workers want: GPBT with one parent. An independent account of which worker sends it to which.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "case.hpp"

namespace stemma::testing {
namespace {

constexpr std::uint64_t large = 100'000'000;
constexpr double transfer_seconds = 0.5;

/// 16 children of one parent in each generation, a worker for each.
Case one_parent(std::uint64_t seed) {
    auto wanted = plain_case(Kind::gpbt, seed);
    wanted.gpbt =
        GpbtSettings{.children = 16, .founders = 1, .ratio = 16, .max = 6, .parents_compete = true, .patience = 0};
    wanted.manager.budget = {};
    wanted.manager.durable = DurablePolicy::none;
    auto& machine = wanted.simulation;
    machine.workers = 16;
    machine.seconds_per_unit = 10;
    machine.message_seconds = 0.001;
    machine.snapshot_bytes = large;
    machine.bytes_per_second = large / transfer_seconds;
    return wanted;
}

std::vector<record::Entry> entries_of(const Case& what) {
    Recorder recorder(what.checkers());
    auto manager = what.make_manager();
    const auto journal = record::null_journal();
    const auto result = simulate(manager, curve(), what.simulation, *journal, &recorder);
    recorder.checkers.compare(manager);
    EXPECT_TRUE(result.ended) << simulation_report(result);
    return std::move(recorder.entries);
}

/// Where snapshots are and which workers send, in a search without faults.
class Ledgers {
public:
    void see(const record::Entry& entry) {
        if (const auto* report = std::get_if<input::Report>(&entry.input.body)) {
            holders_[snapshot_of(report->lease)].insert(report->worker);
        }
        if (const auto* done = std::get_if<input::TransferDone>(&entry.input.body))
            end(done->transfer, entry.input.time);
        for (const auto& effect : entry.effects) {
            if (const auto* drop = std::get_if<effect::Drop>(&effect)) holders_[drop->snapshot].erase(drop->worker);
            if (const auto* serve = std::get_if<effect::Serve>(&effect)) begin(*serve, entry.input.time);
        }
    }

    std::size_t most_at_once = 0;       ///< that one worker sent
    std::size_t another_was_idler = 0;  ///< how often a worker was told to send although another was less busy
    std::map<SnapshotId, std::size_t> receipts;
    std::map<SnapshotId, double> first_sent;
    std::map<SnapshotId, double> last_received;

private:
    void begin(const effect::Serve& serve, double time) {
        for (const auto holder : holders_[serve.snapshot]) {
            another_was_idler += sending_[holder] < sending_[serve.owner] ? 1 : 0;
        }
        most_at_once = std::max(most_at_once, ++sending_[serve.owner]);
        under_way_[serve.transfer] = serve;
        first_sent.try_emplace(serve.snapshot, time);
    }
    void end(TransferId transfer, double time) {
        const auto serve = under_way_.extract(transfer).mapped();
        --sending_[serve.owner];
        ++receipts[serve.snapshot];
        holders_[serve.snapshot].insert(serve.receiver);
        last_received[serve.snapshot] = time;
    }

    std::map<SnapshotId, std::set<WorkerId>> holders_;
    std::map<WorkerId, std::size_t> sending_;
    std::map<TransferId, effect::Serve> under_way_;
};

TEST(Donors, SendTwoAtATimeAndThoseWhoReceivedSendOn) {
    for (const auto seed : seeds(20)) {
        SCOPED_TRACE(how_to_replay(seed));
        const auto wanted = one_parent(seed);
        const auto entries = entries_of(wanted);
        Ledgers ledgers;
        for (const auto& entry : entries) ledgers.see(entry);
        EXPECT_EQ(ledgers.most_at_once, 2U);
        EXPECT_EQ(ledgers.another_was_idler, 0U);
        ASSERT_EQ(ledgers.receipts.size(), 5U) << "one parent a generation";
        for (const auto& [snapshot, receipts] : ledgers.receipts) {
            EXPECT_EQ(receipts, 15U) << "no worker receives it twice";
            // 1, 3, 9, 27 holders: three rounds, and some messages. A tree of pairs would take four.
            EXPECT_LT(ledgers.last_received[snapshot] - ledgers.first_sent[snapshot], 3 * transfer_seconds + 0.05);
        }
        ASSERT_NO_THROW(replayed(wanted, entries));
    }
}

TEST(Donors, SendSmallSnapshotsToAllAtOnce) {
    auto wanted = one_parent(1);
    wanted.simulation.snapshot_bytes = 1'000'000;
    Ledgers ledgers;
    for (const auto& entry : entries_of(wanted)) ledgers.see(entry);
    EXPECT_EQ(ledgers.most_at_once, 15U) << "turns would take longer than the transfers";
}

TEST(Donors, AndReceiversMayDieInTheMiddle) {
    std::uint64_t aborted = 0;
    for (const auto seed : seeds(100)) {
        SCOPED_TRACE(how_to_replay(seed));
        auto wanted = one_parent(seed);
        wanted.manager.durable = DurablePolicy::all;
        wanted.simulation.seconds_per_unit = 2;
        wanted.simulation.faults.death_per_second = 0.01;
        wanted.simulation.faults.detection_seconds = 0.2;
        wanted.simulation.faults.respawn_seconds = 0.5;
        std::vector<record::Entry> entries;
        ASSERT_NO_THROW(entries = entries_of(wanted));
        for (const auto& entry : entries) {
            for (const auto& effect : entry.effects)
                aborted += std::holds_alternative<effect::AbortTransfer>(effect) ? 1 : 0;
        }
        ASSERT_NO_THROW(replayed(wanted, entries));
    }
    EXPECT_GT(aborted, 20U) << "else nothing was tested";
}

}  // namespace
}  // namespace stemma::testing
