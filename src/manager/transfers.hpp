#pragma once
// All transfers of snapshots from one worker's memory to another's, for a lease that starts from the snapshot or as a
// second copy. Also the work that waits until more workers have a snapshot.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "manager/effect.hpp"
#include "manager/members.hpp"
#include "manager/workers.hpp"

namespace stemma {

struct Transfer {
    std::uint32_t slot = no_slot;  ///< of the snapshot, in SnapshotTable
    SnapshotId snapshot;
    WorkerId owner;
    WorkerId receiver;
    LeaseId lease = {};          ///< starts from it; none: a second copy, for which no lease waits
    std::uint64_t reserved = 0;  ///< bytes of the receiver's memory that count as held meanwhile

    bool second_copy() const { return !lease.exists(); }
};

class TransferTable {
public:
    explicit TransferTable(WorkerTable& workers) : workers_(workers) {}

    /// Tells the owner to send. At most one second copy for each owner at a time.
    TransferId begin(const Transfer& transfer, Effects& out);
    /// Null if it is not in progress.
    const Transfer* find(TransferId id) const;
    /// It has arrived, or the owner does not have the snapshot.
    Transfer end(TransferId id);
    /// Abandons the transfer, because it is no longer needed or one end is gone. Both ends are told. The snapshot may
    /// have arrived already, but the message about it will be ignored. So the receiver drops the snapshot, unless the
    /// manager knows it there (`held`) or another transfer brings it.
    Transfer abandon(TransferId id, bool held, Effects& out);
    /// All workers are gone, or the run has ended.
    void clear();

    /// Transfers from or to this worker: those for leases first, then second copies, each in order of number.
    /// O(transfers).
    std::vector<TransferId> of(WorkerId worker) const;
    /// A second copy did not come from one to the other. Told again, it changes nothing.
    void note_unreached(WorkerId owner, WorkerId receiver) { unreached_.insert(std::minmax(owner, receiver)); }
    bool unreached(WorkerId owner, WorkerId receiver) const {
        return unreached_.contains(std::minmax(owner, receiver));
    }
    /// A snapshot came from one to the other. True if they counted as unreached.
    bool note_reached(WorkerId owner, WorkerId receiver) { return unreached_.erase(std::minmax(owner, receiver)) > 0; }
    bool sends_second_copy(WorkerId owner) const { return copying_.contains(owner); }
    /// Transfers of the snapshot for leases.
    std::size_t for_leases(std::uint32_t slot) const;

    /// The work starts from this snapshot, of which a transfer is in progress. It reserves a lease slot until woken.
    void wait(std::uint32_t slot, const QueuedWork& work);
    /// The first `most` entries that wait for this snapshot need not wait any longer.
    void wake(std::uint32_t slot, std::size_t most);
    /// The work woken since the last call. Of several calls of wake() the last one's work comes first.
    std::deque<QueuedWork> take_woken() { return std::exchange(woken_, {}); }
    /// The member is not to be trained.
    void forget(std::uint32_t slot, MemberId member);
    std::size_t waiting() const { return waiting_; }

private:
    struct Demand {
        std::size_t under_way = 0;  ///< transfers for leases
        std::deque<QueuedWork> waiting = {};
    };
    void tidy(std::map<std::uint32_t, Demand>::iterator demand);

    WorkerTable& workers_;
    std::map<TransferId, Transfer> transfers_;
    std::set<WorkerId> copying_;                         ///< owners that send a second copy
    std::set<std::pair<WorkerId, WorkerId>> unreached_;  ///< the lower number first
    std::map<std::uint32_t, Demand> demands_;            ///< by slot; no empty ones
    std::deque<QueuedWork> woken_;
    std::size_t waiting_ = 0;
    std::uint64_t next_ = 0;
};

}  // namespace stemma
