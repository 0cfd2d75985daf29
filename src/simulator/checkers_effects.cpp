// The manager's decisions, against the checkers' account.
#include <algorithm>

#include <fmt/format.h>

#include "simulator/checkers.hpp"

namespace stemma {

bool Checkers::holds(WorkerId worker, SnapshotId snapshot) const {
    const auto copy = copies_.find(snapshot);
    return copy != copies_.end() && copy->second.memory.contains(worker);
}

bool Checkers::can_be_had(SnapshotId snapshot) const {
    const auto copy = copies_.find(snapshot);
    return copy != copies_.end() && (!copy->second.memory.empty() || copy->second.durable);
}

void Checkers::effect(const effect::Born& born) {
    check(!ended_ && !stopping_, "no member is born after the end");
    check(born.member.value == members_.size(), "members are numbered in order of birth");
    check(born.place.has_value(), "the scheduler's place of a member is recorded");
    const auto replaced = born.place->replaced;
    check(!replaced.exists() || replaced.value < born.member.value, "a place is taken of an older member");
    Member child;
    child.configuration = born.configuration;
    const bool heir = inherits_weights(born.cause);
    if (heir) check_heir(born, child);
    if (born.cause == BirthCause::sampled) check_founder();
    // A child that only has the values of its parent and donor is no proposal.
    const auto model = born.donor.exists() ? born.donor : born.parent;
    const auto repeats = [&] {
        const auto& theirs = members_[model.value].configuration;
        const auto& parents = members_[born.parent.value].configuration;
        for (std::size_t i = 0; i < theirs.size(); ++i) {
            if (born.configuration[i] != theirs[i] && born.configuration[i] != parents[i]) return false;
        }
        return true;
    };
    if (born.cause == BirthCause::sampled || (heir && !repeats())) {
        check(settings_.budget.members == 0 || sampled_ < settings_.budget.members, "the member budget is kept");
        ++sampled_;
    }
    members_.push_back(std::move(child));
}

void Checkers::check_heir(const effect::Born& born, Member& child) const {
    check(born.parent.value < born.member.value, "the genealogy is a forest: parents are older than their children");
    check(!born.donor.exists() || born.donor.value < born.member.value, "donors are older than their children");
    const auto& parent = members_[born.parent.value];
    check(!parent.over, "no child is born of a member that failed or diverged");
    check(parent.finished > 0 && parent.latest.exists(), "a parent has reported and has a snapshot");
    check(can_be_had(parent.latest), "a parent's snapshot is available");
    child.inherits = true;
    child.parent = born.parent;
    child.reached = parent.reached;
    child.latest = parent.latest;
}

void Checkers::effect(const effect::Train& assign) {
    check(!ended_, "nothing is assigned after the end");
    check(!stopping_, "nothing is assigned after a stop");
    check(assign.lease.value == next_lease_++, "leases are numbered in order of assignment");
    const auto found = workers_.find(assign.worker);
    check(found != workers_.end() && found->second.alive, "leases go to living workers");
    check(found->second.leases.size() <= std::min(settings_.leases_ahead, leases_ahead_max),
          "a worker holds as many leases as it may");
    check(assign.member.value < members_.size(), "only members that were born are trained");
    auto& member = members_[assign.member.value];
    check(!member.out.exists(), "a member trains under one lease at a time");
    check(!member.over, "a member that failed or diverged is not trained again");
    check(assign.from < assign.to, "a lease goes forwards");
    check(!member.inherits || assign.from == member.reached, "a lineage's resource never goes back");
    check(assign.from == member.reached || (assign.from == 0 && retrain_ == assign.lease),
          "a member's resource goes back only by a retraining that is noted");
    const bool cut = cut_.first == assign.lease;
    const auto wanted = cut ? cut_.second : assign.to;
    check(wanted >= member.asked, "a member is asked for more than before");
    check_source(assign);
    check_budget(assign);
    check_promotion(assign, wanted);
    charged_ += static_cast<std::uint64_t>(assign.to - assign.from);
    check(!cut || (assign.to < wanted && charged_ == settings_.budget.resource),
          "a training is cut to all that the budget leaves, and no other is");
    member.asked = wanted;
    member.out = assign.lease;
    found->second.leases.insert(assign.lease);
    leases_[assign.lease] = {assign.worker, assign.member, assign.from, assign.to, assign.source, time_, wanted};
}

void Checkers::check_source(const effect::Train& assign) const {
    const auto& source = assign.source;
    const auto made = copies_.find(source.snapshot);
    const bool adopts =
        source.kind != SourceKind::scratch && made != copies_.end() && made->second.member != assign.member;
    check(assign.adopted_from.has_value() &&
              *assign.adopted_from == (adopts ? members_[assign.member.value].parent : MemberId::none()),
          "a training says whose snapshot it adopts");
    if (source.kind == SourceKind::scratch) {
        check(assign.from == 0, "from scratch means from 0");
        check(!can_be_had(members_[assign.member.value].latest),
              "a member whose snapshot is available goes on from it");
        return;
    }
    check(assign.from > 0, "a snapshot has been trained");
    const auto copy = copies_.find(source.snapshot);
    check(copy != copies_.end(), "the snapshot to start from was made");
    check(source.snapshot == members_[assign.member.value].latest && copy->second.resource == assign.from,
          "the snapshot to start from is this member's (a new child's: its parent's at birth), at this resource");
    if (source.kind == SourceKind::local) check(holds(assign.worker, source.snapshot), "a local snapshot is there");
    if (source.kind == SourceKind::disk) check(copy->second.durable, "a durable snapshot is there");
    if (source.kind == SourceKind::peer) {
        check(holds(source.owner, source.snapshot), "the peer has the snapshot");
        check(source.owner != assign.worker, "no worker is its own peer");
        const auto transfer = transfers_.find(source.transfer);
        check(transfer != transfers_.end() && transfer->second.snapshot == source.snapshot &&
                  transfer->second.owner == source.owner && transfer->second.receiver == assign.worker,
              "the peer was told to serve this snapshot to this worker");
    }
}

void Checkers::check_budget(const effect::Train& assign) const {
    const auto& budget = settings_.budget;
    check(budget.reports == 0 || reports_ + leases_.size() < budget.reports, "the report budget is kept");
    check(budget.seconds == 0 || time_ < budget.seconds, "the time budget is kept");
    check(budget.resource == 0 || charged_ + static_cast<std::uint64_t>(assign.to - assign.from) <= budget.resource,
          "the resource budget is kept");
    check(!target_reached_, "nothing is assigned once the target is reached");
}

void Checkers::check_promotion(const effect::Train& assign, Resource wanted) {
    const auto& member = members_[assign.member.value];
    if (settings_.promotion_eta == 0 || member.asked == 0 || wanted == member.asked) return;
    check(member.finished == member.asked, "a member is promoted from a rung that it has finished");
    const auto& rung = finished_.at(member.asked);
    const auto own =
        std::find_if(rung.begin(), rung.end(), [&](const auto& item) { return item.second == assign.member; });
    check(own != rung.end(), "a promoted member has a result in its rung");
    const auto better = std::count_if(rung.begin(), rung.end(), [&](const auto& item) { return item < *own; });
    if (static_cast<std::size_t>(better) >= rung.size() / settings_.promotion_eta) {
        if (deferred_ > 0) {
            --deferred_;
            return;
        }
        violated(fmt::format("member {} is promoted from {} to {} at rank {} of {} finished, beyond the top 1/{}",
                             assign.member.value, member.asked, wanted, better + 1, rung.size(),
                             settings_.promotion_eta));
    }
}

void Checkers::effect(const effect::Serve& serve) {
    check(serve.transfer.value == next_transfer_++, "transfers are numbered in order");
    check(workers_[serve.owner].alive && workers_[serve.receiver].alive, "transfers are between living workers");
    check(holds(serve.owner, serve.snapshot), "a worker serves what it has");
    transfers_[serve.transfer] = {serve.snapshot, serve.owner, serve.receiver};
}

void Checkers::effect(const effect::Replicate& copy) {
    check(!ended_, "nothing is copied after the end");
    const auto transfer = transfers_.find(copy.transfer);
    check(transfer != transfers_.end() && transfer->second.snapshot == copy.snapshot &&
              transfer->second.owner == copy.owner && transfer->second.receiver == copy.worker,
          "the owner was told to serve the second copy");
    check(copy.owner != copy.worker && !holds(copy.worker, copy.snapshot), "a second copy is with another worker");
    check(!unreached_.contains(std::minmax(copy.owner, copy.worker)), "a second copy goes where another one came");
    const auto& original = copies_.at(copy.snapshot);
    check(original.memory.size() == 1, "what is in two memories is not copied");
    check(original.member == copy.member && original.resource == copy.resource && original.bytes == copy.bytes,
          "a second copy is of the snapshot that it says");
    transfer->second.second_copy = true;
    check_room(copy.worker);
    const auto& host = workers_.at(copy.owner).host;
    if (workers_.at(copy.worker).host != host) return;
    for (const auto& [id, worker] : workers_) {
        check(!worker.alive || worker.host == host || worker.quota > 0 ||
                  unreached_.contains(std::minmax(copy.owner, id)),
              "a second copy is on another host if there is one with room");
    }
}

void Checkers::check_room(WorkerId worker) const {
    const auto quota = workers_.at(worker).quota;
    if (quota == 0) return;
    std::uint64_t held = 0;
    for (const auto& [id, copy] : copies_) {
        // A snapshot that is being written may be on its way out of memory. The manager knows; the record does not say.
        if (copy.memory.contains(worker) && !copy.writer.exists()) held += copy.bytes;
    }
    for (const auto& [id, transfer] : transfers_) {
        if (transfer.second_copy && transfer.receiver == worker) held += copies_.at(transfer.snapshot).bytes;
    }
    check(held <= quota, "a second copy fits into its place");
}

void Checkers::effect(const effect::AbortTransfer& abort) {
    check(workers_[abort.worker].alive, "only the living are told to forget a transfer");
    check(abort.transfer.value < next_transfer_, "a transfer is aborted after its start");
    const auto found = transfers_.find(abort.transfer);
    if (found == transfers_.end()) return;
    aborted_.insert({found->second.receiver, found->second.snapshot});
    transfers_.erase(found);
}

void Checkers::effect(const effect::Drop& drop) {
    check(workers_[drop.worker].alive, "only the living drop snapshots");
    // A snapshot whose transfer was aborted may have arrived.
    check(holds(drop.worker, drop.snapshot) || aborted_.contains({drop.worker, drop.snapshot}) ||
              absent_ == std::pair(drop.worker, drop.snapshot),
          "a worker drops what it has");
    // No lease starts from a snapshot that only may have arrived.
    if (copies_[drop.snapshot].memory.erase(drop.worker) == 0) return;
    dropped_.push_back(drop);
    note_gone(drop.snapshot);  // a durable copy in writing is erased once it is complete
}

void Checkers::check_drops() {
    // Only now: a lease may be taken back and its snapshot dropped in answer to the same input.
    for (const auto& drop : dropped_) {
        for (const auto id : workers_[drop.worker].leases) {
            const auto& source = leases_.at(id).source;
            check(source.kind != SourceKind::local || source.snapshot != drop.snapshot,
                  "a snapshot that a lease starts from stays");
        }
    }
    dropped_.clear();
}

void Checkers::effect(const effect::Persist& persist) {
    check(workers_[persist.worker].alive, "only the living write durable copies");
    check(holds(persist.worker, persist.snapshot) || absent_ == std::pair(persist.worker, persist.snapshot),
          "a worker writes what it has");
    copies_[persist.snapshot].writer = persist.worker;
}

void Checkers::effect(const effect::Erase& erase) {
    check(copies_[erase.snapshot].durable, "what is erased is there");
    copies_[erase.snapshot].durable = false;
    note_gone(erase.snapshot);
}

void Checkers::effect(const effect::Cancel& cancel) {
    check(workers_[cancel.worker].alive, "only the living cancel leases");
}

void Checkers::effect(const effect::Dismiss& dismiss) {
    workers_[dismiss.worker].alive = false;
    close_all(dismiss.worker);
}

void Checkers::effect(const effect::Noted& noted) {
    switch (noted.kind) {
        case EventKind::retrain:
            retrain_ = noted.lease;
            return;
        case EventKind::member_failed:
            ++failures_;
            members_[noted.member.value].over = true;
            members_[noted.member.value].latest = {};
            break;
        case EventKind::retry:
        case EventKind::requeued:
            break;
        case EventKind::budget_cut:
            cut_ = {noted.lease, static_cast<Resource>(noted.value)};
            return;
        case EventKind::worker_retired:
            workers_[noted.worker].alive = false;
            close_all(noted.worker);
            lose_memory(noted.worker);
            return;
        default:
            return;
    }
    // A lease that ends without a message from its worker, or the worker's loss, must have passed its deadline.
    const auto lease = leases_.find(noted.lease);
    if (lease == leases_.end()) return;
    const double assigned = lease->second.assigned;
    const double units = static_cast<double>(lease->second.to - lease->second.from);
    // At the pace of the fastest: the manager allows at least that.
    const double usual = fastest_unit_ * units * (1 - 1e-9);
    const bool timed_out = settings_.lease_timeout > 0 && time_ >= assigned + settings_.lease_timeout;
    const bool dragged = settings_.lease_patience > 0 && time_ >= assigned + settings_.lease_floor &&
                         time_ >= assigned + settings_.lease_patience * usual;
    check(ticked_ && (timed_out || dragged), "a lease is taken back only after its deadline");
    close(lease->second.worker, noted.lease);
}

void Checkers::effect(const effect::Ended& end) {
    check(!ended_, "a search ends once");
    check(leases_.empty() || end.reason == EndReason::no_workers, "no lease is out at the end");
    check(end.best == (best_ ? best_->second : MemberId::none()), "the end names the best member");
    check_no_leaks();
    if (end.reason == EndReason::budget_resource) check_spent();
    ended_ = true;
}

void Checkers::check_spent() const {
    if (charged_ >= settings_.budget.resource) return;
    // Only trainings that would have to begin from scratch again may be too long.
    const bool too_long = std::any_of(members_.begin(), members_.end(), [&](const Member& member) {
        return !member.over && member.reached > 0 && !can_be_had(member.latest);
    });
    check(too_long, "nothing of a training budget that is used up is left");
}

void Checkers::check_no_leaks() const {
    std::set<SnapshotId> needed = {best_snapshot_};
    for (const auto& member : members_) needed.insert(member.latest);
    for (const auto& [id, copy] : copies_) {
        if (copy.memory.empty() && !copy.durable) continue;
        if (!needed.contains(id)) violated(fmt::format("snapshot {} is kept although it is not needed", id.value));
        if (copy.memory.size() > 2) violated(fmt::format("snapshot {} is in more than two memories", id.value));
    }
}

}  // namespace stemma
