#pragma once
// An ask/tell session: a search whose training other processes do. Leases are asked for and told, and the record is the
// only memory between two calls. Each outstanding lease has a virtual worker of its own.

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "manager/manager.hpp"
#include "record/journal.hpp"
#include "record/lease_ledger.hpp"

namespace stemma {

/// The outstanding leases, from the record's entries.
class AskTellState {
public:
    void on(const Input& input, std::span<const Effect> effects);

    /// Leases of this incarnation that were given out and that their workers have not ended.
    const std::map<LeaseId, record::LeaseLedger::Lease>& open() const { return leases_.held(); }
    /// True if a worker has no lease: then nothing can be trained before a result is told.
    bool waiting() const { return open().size() < virtual_workers_.size(); }
    WorkerId next_worker() const { return {workers_ + 1}; }
    std::uint32_t incarnations() const { return incarnations_; }
    std::uint64_t next_sequence() const { return next_sequence_; }

private:
    record::LeaseLedger leases_;
    std::set<WorkerId> virtual_workers_;
    std::uint64_t workers_ = 0;  ///< that joined in this start, including those that left
    std::uint32_t incarnations_ = 0;
    std::uint64_t next_sequence_ = 0;
};

class AskTellSession {
public:
    /// `state` has seen every entry that `manager` has. `journal` is called at the first write. `time`: seconds since
    /// the run's first start, not before its last input.
    AskTellSession(Manager& manager, std::function<record::Journal&()> journal, AskTellState& state, double time);

    /// Feeds the input and its immediate consequences, committed. Snapshots are files that every process can read:
    /// transfers and durable copies are done as soon as they are wanted. Models are fitted here. A canceled lease ends
    /// without a report.
    void feed(input::Body body);
    /// An open lease that `taken` does not know. Adds a virtual worker if all have leases. None: nothing can be trained
    /// before a result is told, or the search has ended.
    std::optional<effect::Train> ask(const std::function<bool(LeaseId)>& taken);
    /// The result of this worker's lease will never be told: the lease is given out again, to another virtual worker.
    void lose(WorkerId worker, std::string reason);

private:
    void feed_one(input::Body body);
    void add_virtual_worker();
    std::optional<effect::Train> open_lease(const std::function<bool(LeaseId)>& taken) const;

    Manager& manager_;
    std::function<record::Journal&()> journal_;
    AskTellState& state_;
    double time_;
    std::vector<input::Body> following_;
};

}  // namespace stemma
