#pragma once
// Every snapshot that is on its way from one worker's memory to another's, for a lease that starts from it or as a
// second copy; and the work that waits until a snapshot has come to more workers.

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
    /// Null if it is not under way (any more).
    const Transfer* find(TransferId id) const;
    /// It has arrived, or the owner does not have the snapshot.
    Transfer end(TransferId id);
    /// Neither end needs it any more, or one of them is gone: both are told. It may have arrived already, but the
    /// message that says so will be ignored: the receiver drops the snapshot, unless the manager knows it there
    /// (`held`) or another transfer brings it.
    Transfer abandon(TransferId id, bool held, Effects& out);
    /// All workers are gone, or the run has ended.
    void clear();

    /// From or to this worker: those for leases first, then second copies, each in order of number. O(transfers).
    std::vector<TransferId> of(WorkerId worker) const;
    bool sends_second_copy(WorkerId owner) const { return copying_.contains(owner); }
    /// Under way for leases.
    std::size_t for_leases(std::uint32_t slot) const;

    /// The work starts from this snapshot, of which a transfer is under way: it keeps a worker's room until woken.
    void wait(std::uint32_t slot, const QueuedWork& work);
    /// The first `most` that wait for this snapshot need not wait any longer.
    void wake(std::uint32_t slot, std::size_t most);
    /// Those woken since the last call: of several calls of wake() the last one's first.
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
    std::set<WorkerId> copying_;               ///< owners that send a second copy
    std::map<std::uint32_t, Demand> demands_;  ///< by slot; none of nothing
    std::deque<QueuedWork> woken_;
    std::size_t waiting_ = 0;
    std::uint64_t next_ = 0;
};

}  // namespace stemma
