#include "manager/snapshots.hpp"

#include <algorithm>

#include "core/error.hpp"

namespace stemma {

namespace {
constexpr std::size_t copies_max = 2;  // in memory, of a snapshot that no lease starts from at present
}  // namespace

std::uint32_t SnapshotStore::add(SnapshotId id, MemberId member, Resource resource, std::uint64_t bytes,
                                 WorkerId worker, Effects& out) {
    // Not yet a candidate for eviction itself: the scheduler ranks the new snapshot only after this report.
    make_room(worker, bytes, out);
    return table_.add(
        {.id = id, .member = member, .resource = resource, .bytes = bytes, .memory = {worker}, .references = 1});
}

void SnapshotStore::reference(std::uint32_t slot) {
    table_.change(slot, [](auto& record) { ++record.references; });
}

void SnapshotStore::release(std::uint32_t slot, Effects& out) {
    ensure(table_[slot].references > 0, "a snapshot is released once for each reference");
    table_.change(slot, [](auto& record) { --record.references; });
    if (table_[slot].references == 0) collect(slot, out);
}

void SnapshotStore::pin(std::uint32_t slot) {
    table_.change(slot, [](auto& record) { ++record.pins, ++record.references; });
}

void SnapshotStore::unpin(std::uint32_t slot, Effects& out) {
    ensure(table_[slot].pins > 0, "a snapshot is unpinned once for each pin");
    table_.change(slot, [](auto& record) { --record.pins; });
    trim(slot, out);
    const auto& holders = table_[slot].memory;
    if (std::none_of(holders.begin(), holders.end(), [this](WorkerId holder) { return workers_[holder].quota > 0; }))
        return release(slot, out);
    const auto held_by = holders;
    release(slot, out);
    for (const auto worker : held_by) make_room(worker, 0, out);
}

void SnapshotStore::set_priority(std::uint32_t slot, double priority) {
    table_.change(slot, [=](auto& record) { record.priority = priority; });
}

void SnapshotStore::persist(std::uint32_t slot, Effects& out) {
    if (table_[slot].durable != Durable::no) return;
    const auto worker = holder(slot);
    if (!worker.exists()) return;
    table_.change(slot, [](auto& record) { record.durable = Durable::writing; });
    writing_[table_[slot].id] = {slot, worker};
    out.push_back(effect::Persist{worker, table_[slot].id});
}

void SnapshotStore::persisted(SnapshotId id, bool ok, Effects& out) {
    const auto found = writing_.find(id);
    if (found == writing_.end()) {
        // Its writer was given up meanwhile, or the snapshot is no longer needed.
        if (!ok) return;
        for (std::uint32_t slot = 0; slot < table_.size(); ++slot) {
            if (table_[slot].references == 0 || table_[slot].id != id) continue;
            table_.change(slot, [](auto& record) { record.durable = Durable::yes; });
            return;
        }
        out.push_back(effect::Erase{id});
        return;
    }
    const auto slot = found->second.first;
    writing_.erase(found);
    const bool leaves = ok && table_[slot].spilling && table_[slot].pins == 0;
    table_.change(slot, [&](auto& record) {
        record.durable = ok ? Durable::yes : Durable::no;
        record.spilling = false;
    });
    if (!leaves) return;
    const auto held_by = table_[slot].memory;
    for (const auto worker : held_by) drop_from(slot, worker, out);
}

void SnapshotStore::missing(SnapshotId id) {
    for (std::uint32_t slot = 0; slot < table_.size(); ++slot) {
        if (table_[slot].references > 0 && table_[slot].id == id) lost_durable(slot);
    }
}

void SnapshotStore::lost_durable(std::uint32_t slot) {
    table_.change(slot, [](auto& record) { record.durable = Durable::no; });
}

bool SnapshotStore::in_memory_of(std::uint32_t slot, WorkerId worker) const {
    const auto& memory = table_[slot].memory;
    return std::find(memory.begin(), memory.end(), worker) != memory.end();
}

WorkerId SnapshotStore::holder(std::uint32_t slot) const {
    for (const auto worker : table_[slot].memory) {
        if (workers_.alive(worker)) return worker;
    }
    return WorkerId::none();
}

void SnapshotStore::trim(std::uint32_t slot, Effects& out) {
    const auto& record = table_[slot];
    if (record.pins > 0) return;
    while (record.memory.size() > copies_max) drop_from(slot, record.memory.back(), out);
}

void SnapshotStore::forget(std::uint32_t slot, WorkerId worker) {
    table_.change(slot, [&](auto& record) { std::erase(record.memory, worker); });
}

void SnapshotStore::worker_gone(WorkerId worker, Effects& out) {
    table_.worker_gone(worker);
    for (auto item = writing_.begin(); item != writing_.end();) {
        const auto [slot, writer] = item->second;
        if (writer != worker) {
            ++item;
            continue;
        }
        item = writing_.erase(item);
        table_.change(slot, [](auto& record) {
            record.durable = Durable::no;
            record.spilling = false;
        });
    }
    for (const auto transfer : transfers_.of(worker)) abandon(transfer, out);
}

void SnapshotStore::memory_gone() {
    table_.memory_gone();
    transfers_.clear();
    writing_.clear();
}

std::vector<SnapshotId> SnapshotStore::durable() const {
    std::vector<SnapshotId> ids;
    for (std::uint32_t slot = 0; slot < table_.size(); ++slot) {
        if (table_[slot].references > 0 && table_[slot].durable == Durable::yes) ids.push_back(table_[slot].id);
    }
    std::sort(ids.begin(), ids.end());
    return ids;
}

std::vector<SnapshotId> SnapshotStore::kept() const {
    std::vector<SnapshotId> ids;
    for (std::uint32_t slot = 0; slot < table_.size(); ++slot) {
        if (table_[slot].references > 0) ids.push_back(table_[slot].id);
    }
    std::sort(ids.begin(), ids.end());
    return ids;
}

void SnapshotStore::make_room(WorkerId worker, std::uint64_t more, Effects& out) {
    const auto quota = workers_[worker].quota;
    if (quota == 0) return;
    while (workers_[worker].held + more > quota) {
        const auto first = table_.first_to_go(worker);
        if (!first) return;
        const auto slot = *first;
        const auto& record = table_[slot];
        const bool only_copy = record.memory.size() == 1;
        if (record.durable == Durable::yes || !only_copy) {
            drop_from(slot, worker, out);
        } else if (spill_ || record.durable == Durable::writing) {
            persist(slot, out);
            table_.change(slot, [](auto& spilt) { spilt.spilling = true; });
        } else {
            out.push_back(effect::Noted{.kind = EventKind::evicted, .member = record.member, .worker = worker});
            drop_from(slot, worker, out);
        }
    }
}

void SnapshotStore::drop_from(std::uint32_t slot, WorkerId worker, Effects& out) {
    forget(slot, worker);
    if (workers_.alive(worker)) out.push_back(effect::Drop{worker, table_[slot].id});
}

void SnapshotStore::collect(std::uint32_t slot, Effects& out) {
    abandon(table_[slot].copying, out);
    const auto gone = table_.remove(slot);
    for (const auto worker : gone.memory) {
        if (workers_.alive(worker)) out.push_back(effect::Drop{worker, gone.id});
    }
    // A copy that is still being written is erased once its writer reports it.
    writing_.erase(gone.id);
    if (gone.durable == Durable::yes) out.push_back(effect::Erase{gone.id});
}

}  // namespace stemma
