#pragma once
// Deadlines of leases: when a lease that is out is taken back.

#include <map>
#include <optional>
#include <utility>

#include "manager/manager.hpp"
#include "manager/workers.hpp"

namespace stemma {

/// See ManagerSettings: lease_timeout, lease_patience, lease_floor.
class Deadlines {
public:
    Deadlines(const ManagerSettings& settings, WorkerTable& workers)
        : timeout_(settings.lease_timeout),
          patience_(settings.lease_patience),
          floor_(settings.lease_floor),
          workers_(workers) {}

    /// The next deadline; infinity if there is none.
    double next() const;
    /// A lease whose deadline has come by `now`: the one with the earliest, if any.
    std::optional<std::pair<WorkerId, LeaseId>> due(double now) const;
    /// The worker was just given this lease, its last one. O(leases of the worker).
    void set(WorkerId worker, ActiveLease& lease, double now);
    /// A training of `units` units took so long. The first one gives a deadline to all leases that are out.
    void learn(double seconds, Resource units, double now);
    /// The lease is not out any more.
    void remove(const ActiveLease& lease) { by_time_.erase({lease.deadline, lease.lease}); }
    /// No lease is out any more.
    void clear() { by_time_.clear(); }

private:
    double timeout_;
    double patience_;
    double floor_;
    WorkerTable& workers_;
    std::map<std::pair<double, LeaseId>, WorkerId> by_time_;
    double slowest_unit_ = 0;  ///< seconds of a unit of training in the slowest lease so far; 0 = no report yet
};

}  // namespace stemma
