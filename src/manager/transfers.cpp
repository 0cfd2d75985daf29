#include "manager/transfers.hpp"

#include <algorithm>
#include <utility>

#include "core/error.hpp"

namespace stemma {

TransferId TransferTable::begin(const Transfer& transfer, Effects& out) {
    const TransferId id{next_++};
    transfers_.emplace(id, transfer);
    ++workers_[transfer.owner].sending;
    workers_[transfer.receiver].held += transfer.reserved;
    if (transfer.second_copy()) {
        ensure(copying_.insert(transfer.owner).second, "a worker sends one second copy at a time");
    } else {
        ++demands_[transfer.slot].under_way;
    }
    out.push_back(effect::Serve{id, transfer.snapshot, transfer.owner, transfer.receiver});
    return id;
}

const Transfer* TransferTable::find(TransferId id) const {
    const auto found = transfers_.find(id);
    return found == transfers_.end() ? nullptr : &found->second;
}

Transfer TransferTable::end(TransferId id) {
    const auto found = transfers_.find(id);
    ensure(found != transfers_.end(), "a transfer ends once");
    const auto transfer = found->second;
    transfers_.erase(found);
    if (workers_.alive(transfer.owner)) --workers_[transfer.owner].sending;
    if (workers_.alive(transfer.receiver)) workers_[transfer.receiver].held -= transfer.reserved;
    if (transfer.second_copy()) {
        copying_.erase(transfer.owner);
    } else {
        const auto demand = demands_.find(transfer.slot);
        --demand->second.under_way;
        tidy(demand);
    }
    return transfer;
}

Transfer TransferTable::abandon(TransferId id, bool held, Effects& out) {
    const auto transfer = end(id);
    if (workers_.alive(transfer.owner)) out.push_back(effect::AbortTransfer{id, transfer.owner});
    if (!workers_.alive(transfer.receiver)) return transfer;
    out.push_back(effect::AbortTransfer{id, transfer.receiver});
    const bool comes_again = std::any_of(transfers_.begin(), transfers_.end(), [&](const auto& other) {
        return other.second.receiver == transfer.receiver && other.second.slot == transfer.slot;
    });
    if (!held && !comes_again) out.push_back(effect::Drop{transfer.receiver, transfer.snapshot});
    return transfer;
}

void TransferTable::clear() {
    transfers_.clear();
    copying_.clear();
    unreached_.clear();
    demands_.clear();
    woken_.clear();
    waiting_ = 0;
}

std::vector<TransferId> TransferTable::of(WorkerId worker) const {
    std::vector<TransferId> found;
    for (const bool second_copies : {false, true}) {
        for (const auto& [id, transfer] : transfers_) {
            if (transfer.second_copy() == second_copies && (transfer.owner == worker || transfer.receiver == worker)) {
                found.push_back(id);
            }
        }
    }
    return found;
}

std::size_t TransferTable::for_leases(std::uint32_t slot) const {
    const auto demand = demands_.find(slot);
    return demand == demands_.end() ? 0 : demand->second.under_way;
}

void TransferTable::wait(std::uint32_t slot, const QueuedWork& work) {
    demands_[slot].waiting.push_back(work);
    ++waiting_;
}

void TransferTable::wake(std::uint32_t slot, std::size_t most) {
    const auto demand = demands_.find(slot);
    if (demand == demands_.end()) return;
    auto& works = demand->second.waiting;
    const auto end = works.begin() + static_cast<std::ptrdiff_t>(std::min(works.size(), most));
    waiting_ -= static_cast<std::size_t>(end - works.begin());
    woken_.insert(woken_.begin(), works.begin(), end);
    works.erase(works.begin(), end);
    tidy(demand);
}

void TransferTable::forget(std::uint32_t slot, MemberId member) {
    const auto demand = demands_.find(slot);
    if (demand == demands_.end()) return;
    waiting_ -= std::erase_if(demand->second.waiting, [&](const auto& work) { return work.member == member; });
    tidy(demand);
}

void TransferTable::tidy(std::map<std::uint32_t, Demand>::iterator demand) {
    if (demand->second.under_way == 0 && demand->second.waiting.empty()) demands_.erase(demand);
}

}  // namespace stemma
