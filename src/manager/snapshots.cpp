#include "manager/snapshots.hpp"

#include <algorithm>
#include <limits>

#include "core/error.hpp"

namespace stemma {

namespace {
constexpr std::size_t copies_max = 2;          // in memory, of a snapshot that nobody starts from at the moment
constexpr std::size_t holders_looked_at = 64;  // for a transfer: the cost of a decision stays bounded
// A transfer of one snapshot for each holder keeps a wire busy; a second one fills the gap until the manager has heard
// of the end of the first.
constexpr std::size_t sends_a_holder = 2;
// Below this all are sent at once: a turn costs two messages by way of the manager, some 5 ms, in which a wire carries
// as much.
constexpr std::uint64_t bytes_in_turn = std::uint64_t{16} << 20U;
}  // namespace

std::uint32_t SnapshotTable::add(SnapshotId id, MemberId member, Resource resource, std::uint64_t bytes,
                                 WorkerId worker, Effects& out) {
    std::uint32_t slot = 0;
    if (free_.empty()) {
        slot = static_cast<std::uint32_t>(slots_.size());
        slots_.emplace_back();
    } else {
        slot = free_.back();
        free_.pop_back();
    }
    slots_[slot] = SnapshotRecord{
        .id = id, .member = member, .resource = resource, .bytes = bytes, .memory = {worker}, .references = 1};
    workers_[worker].held += bytes;
    // Not yet a candidate for eviction itself: the scheduler ranks what was just made only after this report.
    enforce_quota(worker, out);
    index(slot);
    return slot;
}

void SnapshotTable::release(std::uint32_t slot, Effects& out) {
    auto& record = slots_[slot];
    ensure(record.references > 0, "a snapshot is released once for each reference");
    if (--record.references == 0) collect(slot, out);
}

void SnapshotTable::pin(std::uint32_t slot) {
    unindex(slot);
    ++slots_[slot].pins;
    reference(slot);
}

void SnapshotTable::unpin(std::uint32_t slot, Effects& out) {
    ensure(slots_[slot].pins > 0, "a snapshot is unpinned once for each pin");
    --slots_[slot].pins;
    index(slot);
    trim(slot, out);
    const auto held_by = slots_[slot].memory;
    release(slot, out);
    for (const auto worker : held_by) {
        if (workers_.alive(worker)) enforce_quota(worker, out);
    }
}

void SnapshotTable::set_priority(std::uint32_t slot, double priority) {
    unindex(slot);
    slots_[slot].priority = priority;
    index(slot);
}

void SnapshotTable::persist(std::uint32_t slot, Effects& out) {
    auto& record = slots_[slot];
    if (record.durable != Durable::no) return;
    const auto worker = holder(slot);
    if (!worker.exists()) return;
    record.durable = Durable::writing;
    writing_[record.id] = {slot, worker};
    out.push_back(Persist{worker, record.id});
}

void SnapshotTable::persisted(SnapshotId id, bool ok, Effects& out) {
    const auto found = writing_.find(id);
    if (found == writing_.end()) {
        // Its writer was given up meanwhile, or nobody needs it any more.
        if (!ok) return;
        const auto record = std::find_if(slots_.begin(), slots_.end(),
                                         [&](const auto& each) { return each.references > 0 && each.id == id; });
        if (record == slots_.end()) {
            out.push_back(Erase{id});
        } else {
            record->durable = Durable::yes;
        }
        return;
    }
    const auto slot = found->second.first;
    writing_.erase(found);
    auto& record = slots_[slot];
    record.durable = ok ? Durable::yes : Durable::no;
    if (!record.spilling) return;
    record.spilling = false;
    const auto held_by = record.memory;
    for (const auto worker : held_by) {
        workers_[worker].held += record.bytes;  // it was taken as gone when the spill began
        if (ok && record.pins == 0) drop_from(slot, worker, out);
    }
    index(slot);
}

void SnapshotTable::missing(SnapshotId id) {
    for (auto& record : slots_) {
        if (record.references > 0 && record.id == id) record.durable = Durable::no;
    }
}

bool SnapshotTable::in_memory_of(std::uint32_t slot, WorkerId worker) const {
    const auto& memory = slots_[slot].memory;
    return std::find(memory.begin(), memory.end(), worker) != memory.end();
}

WorkerId SnapshotTable::holder(std::uint32_t slot) const {
    for (const auto worker : slots_[slot].memory) {
        if (workers_.alive(worker)) return worker;
    }
    return WorkerId::none();
}

WorkerId SnapshotTable::idlest_holder(std::uint32_t slot) const {
    const auto& memory = slots_[slot].memory;
    WorkerId best;
    for (std::size_t i = 0; i < std::min(memory.size(), holders_looked_at); ++i) {
        const auto worker = memory[i];
        if (!workers_.alive(worker)) continue;
        if (!best.exists() || workers_[worker].sending < workers_[best].sending) best = worker;
        if (workers_[best].sending == 0) break;
    }
    return best.exists() ? best : holder(slot);
}

std::size_t SnapshotTable::transfers_to_begin(std::uint32_t slot) const {
    const auto& record = slots_[slot];
    if (record.bytes < bytes_in_turn || record.transfers == 0) return std::numeric_limits<std::size_t>::max();
    const auto at_once = sends_a_holder * record.memory.size();
    return at_once - std::min<std::size_t>(at_once, record.transfers);
}

TransferId SnapshotTable::begin_transfer(WorkerId owner) {
    ++workers_[owner].sending;
    return {next_transfer_++};
}

void SnapshotTable::end_transfer(WorkerId owner) {
    if (workers_.alive(owner)) --workers_[owner].sending;
}

void SnapshotTable::trim(std::uint32_t slot, Effects& out) {
    auto& record = slots_[slot];
    if (record.pins > 0 || record.memory.size() <= copies_max) return;
    unindex(slot);
    while (record.memory.size() > copies_max) drop_from(slot, record.memory.back(), out);
    index(slot);
}

void SnapshotTable::received(std::uint32_t slot, WorkerId worker) {
    auto& record = slots_[slot];
    if (in_memory_of(slot, worker)) return;
    unindex(slot);
    record.memory.push_back(worker);
    if (!record.spilling) workers_[worker].held += record.bytes;
    index(slot);
}

void SnapshotTable::forget(std::uint32_t slot, WorkerId worker) {
    auto& record = slots_[slot];
    unindex(slot);
    if (std::erase(record.memory, worker) > 0 && workers_.alive(worker) && !record.spilling) {
        workers_[worker].held -= record.bytes;
    }
    index(slot);
}

void SnapshotTable::worker_gone(WorkerId worker) {
    order_.erase(worker);
    for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
        if (slots_[slot].references == 0) continue;
        if (slots_[slot].replicated) {
            forget(slot, worker);  // its place in the order of the others depends on how many there are
        } else {
            std::erase(slots_[slot].memory, worker);
        }
    }
    for (auto item = writing_.begin(); item != writing_.end();) {
        const auto [slot, writer] = item->second;
        if (writer != worker) {
            ++item;
            continue;
        }
        item = writing_.erase(item);
        auto& record = slots_[slot];
        record.durable = Durable::no;
        if (std::exchange(record.spilling, false)) {
            for (const auto other : record.memory) {
                if (workers_.alive(other)) workers_[other].held += record.bytes;
            }
            review_copy(slot);
        }
    }
}

void SnapshotTable::memory_gone() {
    order_.clear();
    for (auto& record : slots_) {
        record.memory.clear();
        record.pins = record.transfers = 0;
        record.spilling = false;
        record.copying = false;
        record.copy_from = {};
        if (record.durable == Durable::writing) record.durable = Durable::no;
    }
    writing_.clear();
    copies_.clear();
    copy_queues_.clear();
    copies_stopped_ = false;
}

std::vector<SnapshotId> SnapshotTable::durable() const {
    std::vector<SnapshotId> ids;
    for (const auto& record : slots_) {
        if (record.references > 0 && record.durable == Durable::yes) ids.push_back(record.id);
    }
    std::sort(ids.begin(), ids.end());
    return ids;
}

std::vector<SnapshotId> SnapshotTable::kept() const {
    std::vector<SnapshotId> ids;
    for (const auto& record : slots_) {
        if (record.references > 0 || record.pins > 0) ids.push_back(record.id);
    }
    std::sort(ids.begin(), ids.end());
    return ids;
}

void SnapshotTable::index(std::uint32_t slot) {
    review_copy(slot);
    const auto& record = slots_[slot];
    if (!evictable(record)) return;
    for (const auto worker : record.memory) {
        if (workers_.alive(worker) && workers_[worker].quota > 0) order_[worker].insert({order_of(record), slot});
    }
}

void SnapshotTable::unindex(std::uint32_t slot) {
    const auto& record = slots_[slot];
    for (const auto worker : record.memory) {
        if (const auto found = order_.find(worker); found != order_.end()) {
            found->second.erase({order_of(record), slot});
        }
    }
}

void SnapshotTable::enforce_quota(WorkerId worker, Effects& out) {
    auto& held = workers_[worker].held;
    const auto quota = workers_[worker].quota;
    if (quota == 0 || held <= quota) return;
    auto& order = order_[worker];
    while (held > quota && !order.empty()) {
        const auto slot = order.begin()->second;
        auto& record = slots_[slot];
        const bool only_copy = record.memory.size() == 1;
        if (record.durable == Durable::yes || !only_copy) {
            unindex(slot);
            drop_from(slot, worker, out);
            index(slot);
        } else if (spill_ || record.durable == Durable::writing) {
            unindex(slot);
            persist(slot, out);
            record.spilling = true;
            review_copy(slot);
            held -= record.bytes;
        } else {
            unindex(slot);
            out.push_back(Noted{.kind = EventKind::evicted, .member = record.member, .worker = worker});
            drop_from(slot, worker, out);
            review_copy(slot);
        }
    }
}

void SnapshotTable::drop_from(std::uint32_t slot, WorkerId worker, Effects& out) {
    auto& record = slots_[slot];
    std::erase(record.memory, worker);
    if (!workers_.alive(worker)) return;
    if (!record.spilling) workers_[worker].held -= record.bytes;
    out.push_back(Drop{worker, record.id});
}

void SnapshotTable::collect(std::uint32_t slot, Effects& out) {
    unindex(slot);
    auto& record = slots_[slot];
    abort_copy(slot, out);
    record.replicated = false;
    review_copy(slot);
    while (!record.memory.empty()) drop_from(slot, record.memory.front(), out);
    // A copy that is still being written is erased when its writer says that it is there.
    writing_.erase(record.id);
    if (record.durable == Durable::yes) out.push_back(Erase{record.id});
    record = SnapshotRecord{};
    free_.push_back(slot);
}

}  // namespace stemma
