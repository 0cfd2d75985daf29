#pragma once
// A search whose training somebody else does: leases are asked for and told, with the record as the only memory between
// two calls. Workers are places at a desk: numbers, one for each lease that is out at a time.

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "manager/manager.hpp"
#include "record/journal.hpp"
#include "record/lease_book.hpp"

namespace stemma {

/// What is out, as the record's entries tell.
class DeskBook {
public:
    void on(const Input& input, std::span<const Effect> effects);

    /// Leases of this incarnation that were given out and whose places have not let go of them.
    const std::map<LeaseId, LeaseBook::Lease>& open() const { return leases_.held(); }
    /// There is a place without a lease: nothing can be trained before something is told.
    bool waiting() const { return open().size() < places_.size(); }
    WorkerId next_worker() const { return {workers_ + 1}; }
    std::uint32_t incarnations() const { return incarnations_; }
    std::uint64_t next_sequence() const { return next_sequence_; }

private:
    LeaseBook leases_;
    std::set<WorkerId> places_;
    std::uint64_t workers_ = 0;  ///< that came in this incarnation, those that left too
    std::uint32_t incarnations_ = 0;
    std::uint64_t next_sequence_ = 0;
};

class Desk {
public:
    /// `book` has seen every entry that `manager` has. `journal` is called once there is something to write. `time`:
    /// seconds since the run's first start, not before its last input.
    Desk(Manager& manager, std::function<Journal&()> journal, DeskBook& book, double time);

    /// The input and what follows from it at once, committed. Snapshots are files that every place can read, so that
    /// transfers and durable copies are done as soon as they are wanted; models are fitted here; a lease that is taken
    /// back ends without a report.
    void feed(InputBody body);
    /// An open lease that `taken` does not know, at a new place if all are taken. None: nothing can be trained before
    /// something is told, or the search has ended.
    std::optional<Assign> ask(const std::function<bool(LeaseId)>& taken);
    /// Nobody will tell what became of this worker's lease: it is given out again, at another place.
    void lose(WorkerId worker, std::string reason);

private:
    void feed_one(InputBody body);
    void add_place();
    std::optional<Assign> open_lease(const std::function<bool(LeaseId)>& taken) const;

    Manager& manager_;
    std::function<Journal&()> journal_;
    DeskBook& book_;
    double time_;
    std::vector<InputBody> following_;
};

}  // namespace stemma
