#pragma once
// Where every snapshot is, who still needs it, and what goes when a worker's memory is full.
//
// A snapshot is needed while it has references: it is the latest of a member that may be continued, a child was born
// from it and has not reported yet, it is the best one, or a lease or transfer uses it. What nobody needs is dropped
// (and its durable copy erased) at once. Beyond a worker's quota the one with the lowest priority goes: spilt to disk
// if that is allowed, else dropped.

#include <cstdint>
#include <map>
#include <set>
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
    std::uint32_t pins = 0;  ///< leases that start from it, transfers: never evicted meanwhile
    Durable durable = Durable::no;
    bool spilling = false;  ///< leaves memory as soon as the durable copy is there
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
    /// True if it can still be had: from a living worker or from disk.
    bool available(std::uint32_t slot) const { return holder(slot).exists() || slots_[slot].durable == Durable::yes; }
    void received(std::uint32_t slot, WorkerId worker);
    /// `worker` does not have it after all.
    void forget(std::uint32_t slot, WorkerId worker);

    /// A worker is gone with its memory. O(snapshots).
    void worker_gone(WorkerId worker);
    /// All workers are gone (new incarnation).
    void memory_gone();

    std::size_t writing() const { return writing_.size(); }
    std::vector<SnapshotId> durable() const;
    /// Those that somebody needs, ascending. O(snapshots).
    std::vector<SnapshotId> kept() const;
    std::size_t memory_bytes() const { return slots_.capacity() * sizeof(SnapshotRecord); }

private:
    bool evictable(const SnapshotRecord& record) const { return record.pins == 0 && !record.spilling; }
    void index(std::uint32_t slot);
    void unindex(std::uint32_t slot);
    void enforce_quota(WorkerId worker, Effects& out);
    void drop_from(std::uint32_t slot, WorkerId worker, Effects& out);
    /// Beyond two copies that nobody uses the newest go: memory stays flat however many children a snapshot has had.
    void trim(std::uint32_t slot, Effects& out);
    void collect(std::uint32_t slot, Effects& out);

    WorkerTable& workers_;
    bool spill_;
    std::vector<SnapshotRecord> slots_;
    std::vector<std::uint32_t> free_;
    /// For each worker with a quota: evictable snapshots, least important first.
    std::map<WorkerId, std::set<std::pair<std::pair<double, SnapshotId>, std::uint32_t>>> order_;
    /// Durable copies being written: snapshot -> (slot, worker that writes).
    std::map<SnapshotId, std::pair<std::uint32_t, WorkerId>> writing_;
};

}  // namespace stemma
