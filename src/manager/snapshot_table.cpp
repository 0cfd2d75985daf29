#include "manager/snapshot_table.hpp"

#include <algorithm>
#include <utility>

#include "core/error.hpp"

namespace stemma {

std::uint32_t SnapshotTable::add(SnapshotRecord record) {
    std::uint32_t slot = 0;
    if (free_.empty()) {
        slot = static_cast<std::uint32_t>(slots_.size());
        slots_.push_back({});
    } else {
        slot = free_.back();
        free_.pop_back();
    }
    slots_[slot] = std::move(record);
    index(slot);
    return slot;
}

SnapshotRecord SnapshotTable::remove(std::uint32_t slot) {
    unindex(slot);
    free_.push_back(slot);
    return std::exchange(slots_[slot], {});
}

std::optional<std::uint32_t> SnapshotTable::first_to_go(WorkerId worker) {
    if (!std::exchange(ordered_, true)) {
        for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) order(slot);
    }
    const auto order = order_.find(worker);
    if (order == order_.end() || order->second.empty()) return std::nullopt;
    return order->second.begin()->second;
}

std::optional<std::uint32_t> SnapshotTable::first_to_copy(WorkerId owner) const {
    const auto found = to_copy_.find(owner);
    if (found == to_copy_.end()) return std::nullopt;
    return found->second.begin()->second;
}

std::vector<WorkerId> SnapshotTable::owners_to_copy() const {
    std::vector<WorkerId> owners;
    for (const auto& [owner, snapshots] : to_copy_) owners.push_back(owner);
    return owners;
}

void SnapshotTable::stop_copies() {
    to_copy_.clear();
    copies_stopped_ = true;
    for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
        if (slots_[slot].copying.exists()) change(slot, [](auto& record) { record.copying = {}; });
    }
}

void SnapshotTable::worker_gone(WorkerId worker) {
    order_.erase(worker);
    for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
        const auto& memory = slots_[slot].memory;
        if (std::find(memory.begin(), memory.end(), worker) == memory.end()) continue;
        change(slot, [&](auto& record) { std::erase(record.memory, worker); });
    }
}

void SnapshotTable::memory_gone() {
    order_.clear();
    ordered_ = false;
    to_copy_.clear();
    copies_stopped_ = false;
    for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
        auto& record = slots_[slot];
        record.memory.clear();
        record.pins = 0;
        record.spilling = false;
        record.copying = {};
        if (record.durable == Durable::writing) record.durable = Durable::no;
    }
}

void SnapshotTable::order(std::uint32_t slot) {
    const auto& record = slots_[slot];
    if (!evictable(record)) return;
    for (const auto worker : record.memory) {
        if (workers_.alive(worker) && workers_[worker].quota > 0) order_[worker].insert({order_of(record), slot});
    }
}

void SnapshotTable::index(std::uint32_t slot) {
    const auto& record = slots_[slot];
    for (const auto worker : record.memory) {
        if (workers_.alive(worker) && !record.spilling) workers_[worker].held += record.bytes;
    }
    if (ordered_) order(slot);
    if (to_copy(record)) to_copy_[record.memory.front()].insert({record.id, slot});
}

void SnapshotTable::unindex(std::uint32_t slot) {
    const auto& record = slots_[slot];
    for (const auto worker : record.memory) {
        if (!workers_.alive(worker)) continue;
        if (!record.spilling) workers_[worker].held -= record.bytes;
        if (ordered_ && workers_[worker].quota > 0 && evictable(record)) order_[worker].erase({order_of(record), slot});
    }
    if (!to_copy(record)) return;
    const auto found = to_copy_.find(record.memory.front());
    found->second.erase({record.id, slot});
    if (found->second.empty()) to_copy_.erase(found);
}

}  // namespace stemma
