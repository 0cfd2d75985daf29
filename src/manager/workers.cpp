#include "manager/workers.hpp"

#include <algorithm>

#include "core/error.hpp"

namespace stemma {

void WorkerTable::join(WorkerId id, const std::string& host, std::uint64_t quota) {
    ensure(id.exists() && id.value < (1U << 24U), "a worker's slot is a small number");
    if (id.value >= records_.size()) records_.resize(id.value + 1);
    ensure(!records_[id.value].alive, "a worker joins once an incarnation");
    const auto number = hosts_.try_emplace(host, static_cast<std::uint32_t>(hosts_.size())).first->second;
    if (number >= alive_on_host_.size()) alive_on_host_.resize(number + 1);
    if (alive_on_host_[number]++ == 0) ++hosts_alive_;
    records_[id.value] = WorkerRecord{.joined = true, .alive = true, .quota = quota, .host = number, .room = true};
    room_.insert({0, id});
    ++alive_;
}

std::vector<ActiveLease> WorkerTable::remove(WorkerId id) {
    auto& record = records_[id.value];
    if (record.room) room_.erase({record.leases.size(), id});
    record.room = false;
    record.units = 0;
    running_ -= record.leases.size();
    record.alive = false;
    record.held = 0;
    if (--alive_on_host_[record.host] == 0) --hosts_alive_;
    --alive_;
    return std::exchange(record.leases, {});
}

void WorkerTable::clear() {
    records_.clear();
    room_.clear();
    hosts_.clear();
    alive_on_host_.clear();
    alive_ = running_ = hosts_alive_ = 0;
    prefetch_.forget();
}

void WorkerTable::reindex(WorkerId id, std::size_t before) {
    auto& record = records_[id.value];
    const auto now = record.leases.size();
    if (record.room) room_.erase({before, id});
    record.room = prefetch_.room(alive_, now, record.units);
    if (record.room) room_.insert({now, id});
}

void WorkerTable::add(WorkerId id, ActiveLease lease) {
    auto& leases = records_[id.value].leases;
    records_[id.value].units += lease.to - lease.from;
    leases.push_back(std::move(lease));
    ++running_;
    reindex(id, leases.size() - 1);
}

ActiveLease* WorkerTable::find(WorkerId id, LeaseId lease) {
    if (!alive(id)) return nullptr;
    auto& leases = records_[id.value].leases;
    const auto found =
        std::find_if(leases.begin(), leases.end(), [&](const auto& held) { return held.lease == lease; });
    return found == leases.end() ? nullptr : &*found;
}

std::optional<ActiveLease> WorkerTable::take(WorkerId id, LeaseId lease) {
    auto* found = find(id, lease);
    if (found == nullptr) return std::nullopt;
    auto& leases = records_[id.value].leases;
    ActiveLease taken = std::move(*found);
    leases.erase(leases.begin() + (found - leases.data()));
    records_[id.value].units -= taken.to - taken.from;
    --running_;
    reindex(id, leases.size() + 1);
    return taken;
}

void WorkerTable::learn(WorkerId id, const ActiveLease& lease, double seconds, Resource units, double now) {
    const bool fetched = lease.source.kind == SourceKind::peer || lease.source.kind == SourceKind::disk;
    const bool alone = lease.alone && records_[id.value].leases.empty() && !fetched;
    prefetch_.learn(seconds, units, alone ? std::optional(now - lease.given - seconds) : std::nullopt);
}

std::size_t WorkerTable::rooms() const {
    return leases_ahead_ == leases_ahead_auto ? room_.size() : alive_ * (1 + std::size_t{leases_ahead_}) - running_;
}

WorkerId WorkerTable::freest(WorkerId avoid) const {
    for (const auto& [load, id] : room_) {
        if (id != avoid) return id;
    }
    return WorkerId::none();
}

}  // namespace stemma
