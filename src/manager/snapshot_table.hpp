#pragma once
// The records of all snapshots, with indices by worker: the bytes held, the snapshot to evict first when memory is
// short, and the next snapshot to copy to a second worker. change() keeps the indices up to date.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "core/chunked.hpp"
#include "manager/members.hpp"
#include "manager/workers.hpp"

namespace stemma {

enum class Durable : std::uint8_t { no, writing, yes };

struct SnapshotRecord {
    SnapshotId id;
    MemberId member;
    Resource resource = 0;
    std::uint64_t bytes = 0;
    double priority = 0;
    std::vector<WorkerId> memory;  ///< workers that hold it: where it was made first, then the receivers
    std::uint32_t references = 0;  ///< 0: the slot is free
    std::uint32_t pins = 0;        ///< leases that start from it, transfers for leases: never evicted meanwhile
    Durable durable = Durable::no;
    bool spilling = false;    ///< leaves memory as soon as the durable copy is complete; counts as gone already
    bool replicated = false;  ///< a second worker must have it
    TransferId copying = {};  ///< the transfer that brings it to a second worker; none: no such transfer
};

class SnapshotTable {
public:
    explicit SnapshotTable(WorkerTable& workers) : workers_(workers) {}

    std::uint32_t add(SnapshotRecord record);
    /// Frees the slot. Returns its record.
    SnapshotRecord remove(std::uint32_t slot);
    const SnapshotRecord& operator[](std::uint32_t slot) const { return slots_[slot]; }
    std::uint32_t size() const { return static_cast<std::uint32_t>(slots_.size()); }
    /// Gives the record to `changing` as SnapshotRecord&. This is the only way to change it. Calls do not nest.
    /// O(holders).
    template <class Changing>
    void change(std::uint32_t slot, Changing&& changing) {
        unindex(slot);
        changing(slots_[slot]);
        index(slot);
    }

    /// The snapshot to evict first from this worker's memory (it has a quota): second copies first, then by priority.
    /// O(log snapshots). The first call in a start sorts them all: where memory suffices, no order is kept.
    std::optional<std::uint32_t> first_to_go(WorkerId worker);
    /// True if it is in one memory, and no transfer brings it to a second one.
    bool to_copy(std::uint32_t slot) const { return to_copy(slots_[slot]); }
    /// The oldest snapshot that is in this worker's memory only.
    std::optional<std::uint32_t> first_to_copy(WorkerId owner) const;
    std::vector<WorkerId> owners_to_copy() const;
    /// The run has ended: nothing is copied before memory_gone().
    void stop_copies();

    /// A worker is gone with its memory. O(snapshots).
    void worker_gone(WorkerId worker);
    /// All workers are gone (a new start of the program).
    void memory_gone();
    std::size_t memory_bytes() const { return slots_.memory_bytes(); }

private:
    using Order = std::tuple<bool, double, SnapshotId>;
    static Order order_of(const SnapshotRecord& record) {
        const bool only_copy = !record.replicated || record.memory.size() < 2;
        return {only_copy, record.priority, record.id};
    }
    static bool evictable(const SnapshotRecord& record) {
        return record.pins == 0 && !record.spilling && !record.copying.exists();
    }
    bool to_copy(const SnapshotRecord& record) const {
        return record.replicated && !record.copying.exists() && !record.spilling && record.memory.size() == 1 &&
               !copies_stopped_;
    }
    /// Enters the record into order_.
    void order(std::uint32_t slot);
    void index(std::uint32_t slot);
    void unindex(std::uint32_t slot);

    WorkerTable& workers_;
    Chunked<SnapshotRecord> slots_;
    std::vector<std::uint32_t> free_;
    /// For each worker with a quota: evictable snapshots, least important first.
    std::map<WorkerId, std::set<std::pair<Order, std::uint32_t>>> order_;
    bool ordered_ = false;                                                        ///< order_ is kept
    std::map<WorkerId, std::set<std::pair<SnapshotId, std::uint32_t>>> to_copy_;  ///< by owner; no empty sets
    bool copies_stopped_ = false;
};

}  // namespace stemma
