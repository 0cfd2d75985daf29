#pragma once
// Where every snapshot is, who still needs it, and what goes when a worker's memory is full.
//
// A snapshot is needed while it has references: it is the latest of a member that may be continued, a child was born
// from it and has not reported yet, it is the best one, or a lease or transfer uses it. What nobody needs is dropped
// (and its durable copy erased) at once. Beyond a worker's quota the one with the lowest priority goes: spilt to disk
// if that is allowed, else dropped.
//
// A replicated snapshot is to be in the memory of two workers. While it is in one only, it waits in that worker's
// queue; each worker sends one copy at a time, to a worker of another host if there is one with room.

#include <cstdint>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "manager/effect.hpp"
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
    std::vector<WorkerId> memory;  ///< workers that hold it: where it was made first, then those that received it
    std::uint32_t references = 0;
    std::uint32_t pins = 0;       ///< leases that start from it, transfers: never evicted meanwhile
    std::uint32_t transfers = 0;  ///< under way to leases that start from it
    Durable durable = Durable::no;
    bool spilling = false;    ///< leaves memory as soon as the durable copy is there
    bool replicated = false;  ///< a second worker is to have it
    bool copying = false;     ///< and is getting it from `copy_from`; false: it waits in that worker's queue, if any
    WorkerId copy_from = {};
};

/// A transfer to a second worker: no lease waits for it, and it keeps no snapshot alive.
struct CopyTransfer {
    std::uint32_t slot = no_slot;
    WorkerId owner;
    WorkerId receiver;
};

class SnapshotTable {
public:
    SnapshotTable(WorkerTable& workers, bool spill) : workers_(workers), spill_(spill) {}

    /// A new snapshot in the memory of `worker`, with one reference.
    std::uint32_t add(SnapshotId id, MemberId member, Resource resource, std::uint64_t bytes, WorkerId worker,
                      Effects& out);
    SnapshotRecord& operator[](std::uint32_t slot) { return slots_[slot]; }
    const SnapshotRecord& operator[](std::uint32_t slot) const { return slots_[slot]; }

    void reference(std::uint32_t slot) { ++slots_[slot].references; }
    void release(std::uint32_t slot, Effects& out);
    void pin(std::uint32_t slot);
    void unpin(std::uint32_t slot, Effects& out);
    void set_priority(std::uint32_t slot, double priority);

    /// Asks for a durable copy unless there is one, or one is being written, or it is in nobody's memory.
    void persist(std::uint32_t slot, Effects& out);
    void persisted(SnapshotId id, bool ok, Effects& out);
    /// The durable copy is not there after all.
    void missing(SnapshotId id);
    void lost_durable(std::uint32_t slot) { slots_[slot].durable = Durable::no; }

    bool in_memory_of(std::uint32_t slot, WorkerId worker) const;
    /// A live worker that has it in memory; none if there is none.
    WorkerId holder(std::uint32_t slot) const;
    /// Of those the one that sends the fewest transfers (ties: as holder()), among the first 64.
    WorkerId idlest_holder(std::uint32_t slot) const;
    /// Transfers to leases that may begin now. None: it is large, and those under way are as many as its holders can
    /// send at a good pace; each of them that arrives makes another holder.
    std::size_t transfers_to_begin(std::uint32_t slot) const;
    /// True if it can still be had: from a living worker or from disk.
    bool available(std::uint32_t slot) const { return holder(slot).exists() || slots_[slot].durable == Durable::yes; }
    void received(std::uint32_t slot, WorkerId worker);
    /// `owner` sends from now on; until end_transfer().
    TransferId begin_transfer(WorkerId owner);
    void end_transfer(WorkerId owner);
    /// `worker` does not have it after all.
    void forget(std::uint32_t slot, WorkerId worker);

    /// A worker is gone with its memory. O(snapshots).
    void worker_gone(WorkerId worker);
    /// All workers are gone (new incarnation).
    void memory_gone();

    // replicas.cpp
    /// From now on two workers are to have it, for as long as somebody needs it.
    void replicate(std::uint32_t slot, Effects& out);
    /// Orders the next copy that waits at this worker, if it sends none and there is a place. O(1), see second_place().
    void start_copy(WorkerId owner, Effects& out);
    /// The same at every worker: one came or went. O(workers at which a copy waits).
    void start_copies(Effects& out);
    /// The copy of this transfer has arrived. Nothing happens if it is none of a copy's (any more).
    void copied(TransferId transfer, Effects& out);
    /// It has not: the owner does not have the snapshot.
    void copy_failed(TransferId transfer, Effects& out);
    bool copying_to(std::uint32_t slot, WorkerId receiver) const;
    /// The copies under way from or to this worker, which is gone; they are no longer in the books.
    std::vector<std::pair<TransferId, CopyTransfer>> cut_copies(WorkerId worker);
    /// The run has ended: no copy is ordered before the next incarnation, none under way is waited for.
    void stop_copies();

    std::size_t writing() const { return writing_.size(); }
    std::vector<SnapshotId> durable() const;
    /// Those that somebody needs, ascending. O(snapshots).
    std::vector<SnapshotId> kept() const;
    std::size_t memory_bytes() const { return slots_.capacity() * sizeof(SnapshotRecord); }

private:
    /// What goes first when memory is short: second copies, then by priority.
    using Order = std::tuple<bool, double, SnapshotId>;
    static Order order_of(const SnapshotRecord& record) {
        const bool only_copy = !record.replicated || record.memory.size() < 2;
        return {only_copy, record.priority, record.id};
    }
    bool evictable(const SnapshotRecord& record) const {
        return record.pins == 0 && !record.spilling && !record.copying;
    }
    void index(std::uint32_t slot);
    void unindex(std::uint32_t slot);
    void enforce_quota(WorkerId worker, Effects& out);
    void drop_from(std::uint32_t slot, WorkerId worker, Effects& out);
    /// Beyond two copies that nobody uses the newest go: memory stays flat however many children a snapshot has had.
    void trim(std::uint32_t slot, Effects& out);
    void collect(std::uint32_t slot, Effects& out);

    // replicas.cpp
    /// Brings the queues up to date with where the snapshot is.
    void review_copy(std::uint32_t slot);
    /// The live worker with the fewest bytes that has room for it, of another host if there is one; none if there is
    /// none. Looks at 64 of them, those after the owner by number: O(1) beside the workers of the owner's host.
    WorkerId second_place(const SnapshotRecord& record, WorkerId owner) const;
    /// Out of the books; what was reserved at the receiver is free again.
    CopyTransfer end_copy(TransferId transfer);
    void abort_copy(std::uint32_t slot, Effects& out);

    struct CopyQueue {
        TransferId under_way = {};
        std::set<std::pair<SnapshotId, std::uint32_t>> waiting = {};  ///< oldest first
    };

    WorkerTable& workers_;
    bool spill_;
    std::vector<SnapshotRecord> slots_;
    std::vector<std::uint32_t> free_;
    /// For each worker with a quota: evictable snapshots, least important first.
    std::map<WorkerId, std::set<std::pair<Order, std::uint32_t>>> order_;
    /// Durable copies being written: snapshot -> (slot, worker that writes).
    std::map<SnapshotId, std::pair<std::uint32_t, WorkerId>> writing_;
    std::map<WorkerId, CopyQueue> copy_queues_;  ///< by owner; those with nothing under way or waiting are not here
    std::map<TransferId, CopyTransfer> copies_;  ///< under way
    std::uint64_t next_transfer_ = 0;            ///< of all transfers, those of leases too
    bool copies_stopped_ = false;
};

}  // namespace stemma
