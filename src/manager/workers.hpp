#pragma once
// The workers of this start, their leases, and which worker has room for another lease.

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/ids.hpp"
#include "manager/effect.hpp"
#include "manager/prefetch.hpp"

namespace stemma {

struct ActiveLease {
    LeaseId lease;
    MemberId member;
    Resource from = 0;
    Resource to = 0;
    std::uint32_t slot = ~std::uint32_t{0};  ///< snapshot it starts from (pinned), or none
    Source source = {};
    double deadline = std::numeric_limits<double>::infinity();  ///< when it is taken back, seconds
    bool canceled = false;
    double given = 0;    ///< when the worker got it, seconds
    bool alone = false;  ///< the worker had no other lease then
};

/// A training that was asked for and is not out at a worker.
struct QueuedWork {
    MemberId member;
    Resource to = 0;
    WorkerId avoid = {};  ///< where it failed last
};

struct WorkerRecord {
    bool joined = false;
    bool alive = false;       ///< joined and neither lost nor retired
    std::uint64_t quota = 0;  ///< bytes for snapshots; 0 = unlimited
    std::uint64_t held = 0;   ///< bytes of snapshots in its memory, without those being spilled
    std::uint32_t timeouts_in_a_row = 0;
    std::uint32_t breaks_in_a_row = 0;     ///< leases that broke its program: the next lease gets a fresh program
    std::uint32_t fresh_breakers = 0;      ///< members in a row that broke a fresh program
    MemberId last_breaker = {};            ///< the last of them
    std::uint32_t host = 0;                ///< equal for workers of one host: a number in order of arrival
    std::uint32_t sending = 0;             ///< transfers that it sends
    std::vector<ActiveLease> leases = {};  ///< oldest first; at most 1 + leases_ahead
    Resource units = 0;                    ///< of these leases
    bool room = false;                     ///< for another lease
};

class WorkerTable {
public:
    /// `leases_ahead`: see ManagerSettings.
    explicit WorkerTable(std::uint32_t leases_ahead) : leases_ahead_(leases_ahead), prefetch_(leases_ahead) {}

    void join(WorkerId id, const std::string& host, std::uint64_t quota);
    /// Takes the worker out of service; its leases are moved out for the caller to requeue.
    std::vector<ActiveLease> remove(WorkerId id);
    void clear();

    bool alive(WorkerId id) const { return id.value < records_.size() && records_[id.value].alive; }
    WorkerRecord& operator[](WorkerId id) { return records_[id.value]; }
    const WorkerRecord& operator[](WorkerId id) const { return records_[id.value]; }
    std::size_t slots() const { return records_.size(); }
    std::size_t alive_count() const { return alive_; }
    /// Of hosts with a live worker.
    std::size_t hosts_alive() const { return hosts_alive_; }
    bool joined(WorkerId id) const { return id.value < records_.size() && records_[id.value].joined; }

    void add(WorkerId id, ActiveLease lease);
    /// The lease, removed from the worker; nothing if the worker does not hold it.
    std::optional<ActiveLease> take(WorkerId id, LeaseId lease);
    ActiveLease* find(WorkerId id, LeaseId lease);
    /// The worker reported on `lease`, which was taken from it, after `seconds` of training.
    void learn(WorkerId id, const ActiveLease& lease, double seconds, Resource units, double now);

    /// Live worker with the fewest leases (ties: lowest id) that has room, other than `avoid`; none if there is none.
    WorkerId freest(WorkerId avoid = {}) const;
    bool has_room(WorkerId id) const { return alive(id) && records_[id.value].room; }
    /// Leases that are out, over all workers.
    std::size_t running() const { return running_; }
    /// Leases that could be out in addition. With leases_ahead_auto: at least so many.
    std::size_t rooms() const;

private:
    void reindex(WorkerId id, std::size_t before);

    std::uint32_t leases_ahead_;
    Prefetch prefetch_;
    std::vector<WorkerRecord> records_;
    std::set<std::pair<std::size_t, WorkerId>> room_;  ///< (leases held, worker), live workers with room only
    std::map<std::string, std::uint32_t> hosts_;
    std::vector<std::size_t> alive_on_host_;
    std::size_t hosts_alive_ = 0;
    std::size_t alive_ = 0;
    std::size_t running_ = 0;
};

}  // namespace stemma
