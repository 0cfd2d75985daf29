// Snapshots from worker to worker: for leases that start from them, and as second copies. A second copy survives the
// loss of the first worker without a disk.
#include <algorithm>
#include <limits>

#include "core/error.hpp"
#include "manager/snapshots.hpp"

namespace stemma {

namespace {
constexpr std::size_t holders_looked_at = 64;  // for a transfer: the cost of a decision stays bounded
constexpr std::size_t places_looked_at = 64;   // for a second copy: the cost of a decision stays bounded
// One transfer of a snapshot for each holder keeps a wire busy. A second fills the gap until the manager knows of the
// end of the first.
constexpr std::size_t sends_a_holder = 2;
// Smaller snapshots are all sent at once. A turn costs two messages by way of the manager, some 5 ms, in which a wire
// carries as much.
constexpr std::uint64_t bytes_in_turn = std::uint64_t{16} << 20U;
}  // namespace

WorkerId SnapshotStore::idlest_holder(std::uint32_t slot) const {
    const auto& memory = table_[slot].memory;
    WorkerId best;
    for (std::size_t i = 0; i < std::min(memory.size(), holders_looked_at); ++i) {
        const auto worker = memory[i];
        if (!workers_.alive(worker)) continue;
        if (!best.exists() || workers_[worker].sending < workers_[best].sending) best = worker;
        if (workers_[best].sending == 0) break;
    }
    return best.exists() ? best : holder(slot);
}

std::size_t SnapshotStore::transfers_to_begin(std::uint32_t slot) const {
    const auto& record = table_[slot];
    const auto under_way = record.bytes < bytes_in_turn ? 0 : transfers_.for_leases(slot);
    if (under_way == 0) return std::numeric_limits<std::size_t>::max();
    const auto at_once = sends_a_holder * record.memory.size();
    return at_once - std::min(at_once, under_way);
}

TransferId SnapshotStore::send(std::uint32_t slot, WorkerId owner, WorkerId receiver, LeaseId lease, Effects& out) {
    pin(slot);
    return transfers_.begin({slot, table_[slot].id, owner, receiver, lease}, out);
}

void SnapshotStore::lease_transfer_over(std::uint32_t slot, Effects& out) {
    transfers_.wake(slot, transfers_to_begin(slot));
    unpin(slot, out);
}

void SnapshotStore::arrived(TransferId id, Effects& out) {
    if (transfers_.find(id) == nullptr) return;
    const auto transfer = transfers_.end(id);
    const auto slot = transfer.slot;
    const bool new_there = !in_memory_of(slot, transfer.receiver);
    table_.change(slot, [&](auto& record) {
        if (new_there) record.memory.push_back(transfer.receiver);
        if (transfer.second_copy()) record.copying = {};
    });
    if (transfers_.note_reached(transfer.owner, transfer.receiver)) start_copies(out);
    if (!transfer.second_copy()) return lease_transfer_over(slot, out);
    trim(slot, out);
    // It could not be evicted meanwhile.
    const auto held_by = table_[slot].memory;
    for (const auto worker : held_by) make_room(worker, 0, out);
    start_copy(transfer.owner, out);
}

void SnapshotStore::failed(TransferId id, Effects& out) {
    const auto* found = transfers_.find(id);
    if (found == nullptr || !found->second_copy()) return;  // a lease's failure reports that itself
    const auto transfer = transfers_.end(id);
    table_.change(transfer.slot, [&](auto& record) {
        record.copying = {};
        std::erase(record.memory, transfer.owner);
    });
    start_copy(transfer.owner, out);
}

void SnapshotStore::late(TransferId id, Effects& out) {
    const auto* found = transfers_.find(id);
    if (found == nullptr || !found->second_copy()) return;
    const auto owner = found->owner;
    transfers_.note_unreached(owner, found->receiver);
    abandon(id, out);
    start_copy(owner, out);
}

void SnapshotStore::abandon(TransferId id, Effects& out) {
    const auto* found = transfers_.find(id);
    if (found == nullptr) return;
    const auto transfer = transfers_.abandon(id, in_memory_of(found->slot, found->receiver), out);
    if (!transfer.second_copy()) return lease_transfer_over(transfer.slot, out);
    table_.change(transfer.slot, [](auto& record) { record.copying = {}; });
}

void SnapshotStore::replicate(std::uint32_t slot, Effects& out) {
    if (table_[slot].replicated) return;
    table_.change(slot, [](auto& record) { record.replicated = true; });
    if (table_.to_copy(slot)) start_copy(table_[slot].memory.front(), out);
}

WorkerId SnapshotStore::second_place(const SnapshotRecord& record, WorkerId owner) const {
    const bool other_hosts = workers_.hosts_alive() > 1;
    WorkerId best;
    auto best_rank = std::pair(true, std::numeric_limits<std::uint64_t>::max());  // (same host, bytes held)
    std::size_t looked_at = 0;
    for (std::size_t step = 1; step < workers_.slots() && looked_at < places_looked_at; ++step) {
        const WorkerId place{(owner.value + step) % workers_.slots()};
        if (!workers_.alive(place)) continue;
        const auto& worker = workers_[place];
        const bool same_host = worker.host == workers_[owner].host;
        if (!same_host || !other_hosts) ++looked_at;
        if (transfers_.unreached(owner, place)) continue;
        // It must fit: a second copy never evicts another snapshot.
        if (worker.quota > 0 && worker.held + record.bytes > worker.quota) continue;
        const auto rank = std::pair(same_host, worker.held);
        if (best.exists() && rank >= best_rank) continue;
        best = place;
        best_rank = rank;
    }
    return best;
}

void SnapshotStore::start_copy(WorkerId owner, Effects& out) {
    if (transfers_.sends_second_copy(owner)) return;
    const auto slot = table_.first_to_copy(owner);
    if (!slot) return;
    const auto& record = table_[*slot];
    const auto receiver = second_place(record, owner);
    if (!receiver.exists()) return;
    const auto transfer = transfers_.begin(
        {.slot = *slot, .snapshot = record.id, .owner = owner, .receiver = receiver, .reserved = record.bytes}, out);
    table_.change(*slot, [=](auto& copied) { copied.copying = transfer; });
    out.push_back(
        effect::Replicate{transfer, record.id, record.member, record.resource, owner, receiver, record.bytes});
}

void SnapshotStore::start_copies(Effects& out) {
    for (const auto owner : table_.owners_to_copy()) start_copy(owner, out);
}

void SnapshotStore::stop_copies() {
    table_.stop_copies();
    transfers_.clear();
}

}  // namespace stemma
