#pragma once
// Where every snapshot is, which uses need it, and which snapshot goes when a worker's memory is full.
//
// A snapshot is needed while it has references. It is the latest of a member that may be continued. Or a child was born
// from it and has not reported yet. Or it is the best, or a lease or transfer uses it. A snapshot that is not needed is
// dropped, and its durable copy erased, at once. Beyond a worker's quota the snapshot with the lowest priority goes:
// spilled to disk if that is allowed, else dropped.
//
// A replicated snapshot must be in the memory of two workers. While it is in one memory only, it waits for its turn
// there. Each worker sends one second copy at a time, to a worker of another host if there is one with room.

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "manager/effect.hpp"
#include "manager/snapshot_table.hpp"
#include "manager/transfers.hpp"
#include "manager/workers.hpp"

namespace stemma {

class SnapshotStore {
public:
    SnapshotStore(WorkerTable& workers, TransferTable& transfers, bool spill)
        : workers_(workers), transfers_(transfers), table_(workers), spill_(spill) {}

    /// A new snapshot in the memory of `worker`, with one reference.
    std::uint32_t add(SnapshotId id, MemberId member, Resource resource, std::uint64_t bytes, WorkerId worker,
                      Effects& out);
    const SnapshotRecord& operator[](std::uint32_t slot) const { return table_[slot]; }

    void reference(std::uint32_t slot);
    void release(std::uint32_t slot, Effects& out);
    void pin(std::uint32_t slot);
    void unpin(std::uint32_t slot, Effects& out);
    void set_priority(std::uint32_t slot, double priority);

    /// Orders a durable copy, unless one exists or is being written, or the snapshot is in no worker's memory.
    void persist(std::uint32_t slot, Effects& out);
    void persisted(SnapshotId id, bool ok, Effects& out);
    /// The durable copy is missing after all.
    void missing(SnapshotId id);
    void lost_durable(std::uint32_t slot);

    bool in_memory_of(std::uint32_t slot, WorkerId worker) const;
    /// A live worker that has it in memory; none if there is none.
    WorkerId holder(std::uint32_t slot) const;
    /// True if it is still available: from a living worker or from disk.
    bool available(std::uint32_t slot) const { return holder(slot).exists() || table_[slot].durable == Durable::yes; }
    /// `worker` does not have it after all.
    void forget(std::uint32_t slot, WorkerId worker);

    /// A worker is gone with its memory, and so are the transfers from and to it. O(snapshots).
    void worker_gone(WorkerId worker, Effects& out);
    /// All workers are gone (a new start of the program).
    void memory_gone();

    // sending.cpp: from worker to worker. The holder that sends the fewest transfers (ties: as holder()), among the
    // first 64.
    WorkerId idlest_holder(std::uint32_t slot) const;
    /// Transfers for leases that may begin now. None if the snapshot is large and its holders already send as many as
    /// they can at a good pace. Each arrival makes another holder.
    std::size_t transfers_to_begin(std::uint32_t slot) const;
    TransferId send(std::uint32_t slot, WorkerId owner, WorkerId receiver, LeaseId lease, Effects& out);
    /// The four ends of a transfer: its receiver has the snapshot; the owner of a second copy does not have it; a
    /// second copy did not come in time; it is no longer needed. Nothing happens if the transfer is not in progress.
    /// Waiting work may be woken.
    void arrived(TransferId transfer, Effects& out);
    void failed(TransferId transfer, Effects& out);
    void late(TransferId transfer, Effects& out);
    void abandon(TransferId transfer, Effects& out);
    /// From now on two workers must have it, for as long as it is needed.
    void replicate(std::uint32_t slot, Effects& out);
    /// Orders the next second copy that waits at this worker, if it sends none and a receiver has room. O(1), see
    /// second_place().
    void start_copy(WorkerId owner, Effects& out);
    /// The same at every worker, after a worker came or went. O(workers at which a copy waits).
    void start_copies(Effects& out);
    /// The run has ended: no copy is ordered before the next start, and no transfer is waited for.
    void stop_copies();

    std::size_t writing() const { return writing_.size(); }
    std::vector<SnapshotId> durable() const;
    /// Needed snapshots, ascending. O(snapshots).
    std::vector<SnapshotId> kept() const;
    std::size_t memory_bytes() const { return table_.memory_bytes(); }

private:
    /// Evicts snapshots beyond the worker's quota, `more` bytes included.
    void make_room(WorkerId worker, std::uint64_t more, Effects& out);
    void make_room_at_holders(std::uint32_t slot, Effects& out);
    void drop_from(std::uint32_t slot, WorkerId worker, Effects& out);
    /// Drops the newest of unused copies beyond two: memory stays flat for any number of children of a snapshot.
    void trim(std::uint32_t slot, Effects& out);
    void collect(std::uint32_t slot, Effects& out);

    // sending.cpp: the live worker with the fewest bytes that has room for it, of another host if there is one; none if
    // there is none. One that a second copy of the owner did not reach is none. Looks at 64 workers, those after the
    // owner by number: O(1) beside the workers of the owner's host.
    WorkerId second_place(const SnapshotRecord& record, WorkerId owner) const;
    /// Wakes work that waits for the transfer, and unpins.
    void lease_transfer_over(std::uint32_t slot, Effects& out);

    WorkerTable& workers_;
    TransferTable& transfers_;
    SnapshotTable table_;
    bool spill_;
    /// Durable copies being written: snapshot -> (slot, worker that writes).
    std::map<SnapshotId, std::pair<std::uint32_t, WorkerId>> writing_;
};

}  // namespace stemma
