#include "manager/deadlines.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace stemma {

double Deadlines::next() const {
    return by_time_.empty() ? std::numeric_limits<double>::infinity() : by_time_.begin()->first.first;
}

std::optional<std::pair<WorkerId, LeaseId>> Deadlines::due(double now) const {
    if (next() > now) return std::nullopt;
    const auto& [key, worker] = *by_time_.begin();
    return std::pair(worker, key.second);
}

void Deadlines::set(WorkerId worker, ActiveLease& lease, double now) {
    double allowed = std::numeric_limits<double>::infinity();
    if (timeout_ > 0) allowed = timeout_;
    if (patience_ > 0 && slowest_unit_ > 0) {
        Resource units = 0;  // it starts after the leases before it
        for (const auto& held : workers_[worker].leases) {
            units += held.to - held.from;
            if (held.lease == lease.lease) break;
        }
        const double usual = slowest_unit_ * static_cast<double>(units);
        allowed = std::min(allowed, std::max(floor_, patience_ * usual));
    }
    if (!std::isfinite(allowed)) return;
    lease.deadline = now + allowed;
    by_time_.emplace(std::pair(lease.deadline, lease.lease), worker);
}

void Deadlines::learn(double seconds, Resource units, double now) {
    if (units <= 0 || !(seconds > 0)) return;
    const bool first = slowest_unit_ == 0;
    slowest_unit_ = std::max(slowest_unit_, seconds / static_cast<double>(units));
    if (!first || patience_ <= 0) return;
    for (std::size_t slot = 0; slot < workers_.slots(); ++slot) {
        if (!workers_.alive({slot})) continue;
        for (auto& lease : workers_[{slot}].leases) {
            if (!std::isfinite(lease.deadline)) set({slot}, lease, now);
        }
    }
}

}  // namespace stemma
