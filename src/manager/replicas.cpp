// Snapshots in the memory of a second worker: they survive the loss of the first without a disk.
#include <limits>

#include "core/error.hpp"
#include "manager/snapshots.hpp"

namespace stemma {

namespace {
constexpr std::size_t places_looked_at = 64;  // for a second copy: the cost of a decision stays bounded
}  // namespace

void SnapshotTable::replicate(std::uint32_t slot, Effects& out) {
    auto& record = slots_[slot];
    if (record.replicated) return;
    unindex(slot);
    record.replicated = true;
    index(slot);
    if (record.copy_from.exists()) start_copy(record.copy_from, out);
}

void SnapshotTable::review_copy(std::uint32_t slot) {
    auto& record = slots_[slot];
    if (record.copying) return;
    const bool wanted = record.replicated && !record.spilling && !copies_stopped_ && record.memory.size() == 1;
    const auto from = wanted ? record.memory.front() : WorkerId::none();
    if (from == record.copy_from) return;
    if (record.copy_from.exists()) {
        const auto queue = copy_queues_.find(record.copy_from);
        queue->second.waiting.erase({record.id, slot});
        if (queue->second.waiting.empty() && !queue->second.under_way.exists()) copy_queues_.erase(queue);
    }
    record.copy_from = from;
    if (from.exists()) copy_queues_[from].waiting.insert({record.id, slot});
}

WorkerId SnapshotTable::second_place(const SnapshotRecord& record, WorkerId owner) const {
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
        // It must fit: a second copy never pushes out what is there.
        if (worker.quota > 0 && worker.held + record.bytes > worker.quota) continue;
        const auto rank = std::pair(same_host, worker.held);
        if (best.exists() && rank >= best_rank) continue;
        best = place;
        best_rank = rank;
    }
    return best;
}

void SnapshotTable::start_copy(WorkerId owner, Effects& out) {
    const auto found = copy_queues_.find(owner);
    if (found == copy_queues_.end() || found->second.under_way.exists() || found->second.waiting.empty()) return;
    auto& queue = found->second;
    const auto slot = queue.waiting.begin()->second;
    auto& record = slots_[slot];
    const auto receiver = second_place(record, owner);
    if (!receiver.exists()) return;
    const auto transfer = begin_transfer(owner);
    queue.waiting.erase(queue.waiting.begin());
    queue.under_way = transfer;
    unindex(slot);
    record.copying = true;
    workers_[receiver].held += record.bytes;  // reserved
    copies_[transfer] = {slot, owner, receiver};
    out.push_back(Serve{transfer, record.id, owner, receiver});
    out.push_back(Replicate{transfer, record.id, record.member, record.resource, owner, receiver, record.bytes});
}

void SnapshotTable::start_copies(Effects& out) {
    for (const auto& [owner, queue] : copy_queues_) start_copy(owner, out);
}

CopyTransfer SnapshotTable::end_copy(TransferId transfer) {
    const auto found = copies_.find(transfer);
    ensure(found != copies_.end(), "a copy ends once");
    const auto copy = found->second;
    copies_.erase(found);
    end_transfer(copy.owner);
    auto& record = slots_[copy.slot];
    record.copying = false;
    record.copy_from = {};
    if (workers_.alive(copy.receiver)) workers_[copy.receiver].held -= record.bytes;
    const auto queue = copy_queues_.find(copy.owner);
    queue->second.under_way = {};
    if (queue->second.waiting.empty()) copy_queues_.erase(queue);
    return copy;
}

void SnapshotTable::copied(TransferId transfer, Effects& out) {
    if (!copies_.contains(transfer)) return;
    const auto copy = end_copy(transfer);
    received(copy.slot, copy.receiver);
    index(copy.slot);  // where a lease's transfer had brought it there before, received() did nothing
    trim(copy.slot, out);
    // Nothing of it could be evicted meanwhile.
    const auto held_by = slots_[copy.slot].memory;
    for (const auto worker : held_by) enforce_quota(worker, out);
    start_copy(copy.owner, out);
}

void SnapshotTable::copy_failed(TransferId transfer, Effects& out) {
    if (!copies_.contains(transfer)) return;
    const auto copy = end_copy(transfer);
    forget(copy.slot, copy.owner);
    start_copy(copy.owner, out);
}

bool SnapshotTable::copying_to(std::uint32_t slot, WorkerId receiver) const {
    const auto& record = slots_[slot];
    return record.copying && copies_.at(copy_queues_.at(record.copy_from).under_way).receiver == receiver;
}

std::vector<std::pair<TransferId, CopyTransfer>> SnapshotTable::cut_copies(WorkerId worker) {
    std::vector<std::pair<TransferId, CopyTransfer>> cut;
    for (const auto& [id, copy] : copies_) {
        if (copy.owner == worker || copy.receiver == worker) cut.emplace_back(id, copy);
    }
    for (const auto& [id, copy] : cut) {
        end_copy(id);
        index(copy.slot);
    }
    return cut;
}

void SnapshotTable::abort_copy(std::uint32_t slot, Effects& out) {
    if (!slots_[slot].copying) return;
    const auto id = copy_queues_.at(slots_[slot].copy_from).under_way;
    const auto copy = end_copy(id);
    if (workers_.alive(copy.owner)) out.push_back(AbortTransfer{id, copy.owner});
    if (!workers_.alive(copy.receiver)) return;
    out.push_back(AbortTransfer{id, copy.receiver});
    // It may have arrived already. Where a lease's transfer brought it too, it is dropped like every other copy.
    if (!in_memory_of(slot, copy.receiver)) out.push_back(Drop{copy.receiver, slots_[slot].id});
}

void SnapshotTable::stop_copies() {
    copies_stopped_ = true;
    copies_.clear();
    copy_queues_.clear();
    for (auto& record : slots_) {
        record.copying = false;
        record.copy_from = {};
    }
}

}  // namespace stemma
