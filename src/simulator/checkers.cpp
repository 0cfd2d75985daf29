// The checkers' account of the run, from the inputs alone.
#include "simulator/checkers.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace stemma {

void Checkers::violated(const std::string& what) const {
    throw CheckFailed(fmt::format("seed {}, input {}, time {}: {}", settings_.seed, sequence_, time_, what));
}

void Checkers::on(const Input& given, std::span<const Effect> effects) {
    check(given.sequence == sequence_, "inputs are numbered 0, 1, 2, ...");
    check(given.time >= time_, "time never goes back");
    time_ = given.time;
    late_ = false;
    aborted_.clear();
    absent_ = {};
    too_late_ = {};
    ticked_ = std::holds_alternative<input::Ticked>(given.body);
    std::visit([&](const auto& body) { input(body); }, given.body);
    bool noted_late = false;
    for (const auto& each : effects) {
        if (const auto* noted = std::get_if<effect::Noted>(&each)) noted_late |= noted->kind == EventKind::late_report;
        std::visit([&](const auto& body) { effect(body); }, each);
    }
    check_drops();
    check_gone();
    check(ended_ || !transfers_.contains(too_late_),
          "both ends are told to forget a second copy that did not come in time");
    check(late_ == noted_late, "a report of a lease that is not out is noted as late, and no other");
    lates_ += late_ ? 1 : 0;
    ++sequence_;
}

void Checkers::input(const input::IncarnationStarted&) {
    for (auto& [id, worker] : workers_) close_all(id);
    workers_.clear();
    transfers_.clear();
    unreached_.clear();
    for (auto& [id, copy] : copies_) {
        copy.memory.clear();
        copy.writer = {};
        note_loss(copy);
    }
    ended_ = stopping_ = false;
    target_reached_ = false;
}

void Checkers::input(const input::WorkerJoined& joined) {
    check(!workers_[joined.worker].alive, "a worker joins once");
    workers_[joined.worker] = {!ended_, joined.host, joined.snapshot_quota, {}};
}

void Checkers::input(const input::WorkerLost& lost) {
    workers_[lost.worker].alive = false;
    close_all(lost.worker);
    lose_memory(lost.worker);
}

void Checkers::lose_memory(WorkerId worker) {
    for (auto& [id, copy] : copies_) {
        copy.memory.erase(worker);
        if (copy.writer == worker) copy.writer = {};
        note_loss(copy);
    }
}

std::optional<Checkers::Lease> Checkers::close(WorkerId worker, LeaseId id) {
    const auto found = leases_.find(id);
    if (found == leases_.end() || found->second.worker != worker) return std::nullopt;
    const auto lease = found->second;
    leases_.erase(found);
    workers_[worker].leases.erase(id);
    members_[lease.member.value].out = {};
    return lease;
}

void Checkers::close_all(WorkerId worker) {
    const auto held = workers_[worker].leases;
    for (const auto lease : held) close(worker, lease);
}

void Checkers::input(const input::Report& report) {
    const auto lease = close(report.worker, report.lease);
    // A report that comes twice leaves one snapshot: the second report does not say where the snapshot is by now.
    if (report.snapshot_bytes > 0 && workers_[report.worker].alive && !copies_.contains(snapshot_of(report.lease))) {
        auto& copy = copies_[snapshot_of(report.lease)];
        copy.memory.insert(report.worker);
        copy.bytes = report.snapshot_bytes;
        if (lease) {
            copy.member = lease->member;
            copy.resource = report.reached;
        }
    }
    late_ = !lease;
    if (!lease) return;
    if (report.reached > lease->from && report.seconds > 0) {
        fastest_unit_ = std::min(fastest_unit_, report.seconds / static_cast<double>(report.reached - lease->from));
    }
    check(report.reached >= lease->from && report.reached <= lease->to, "a report lies inside its lease");
    charged_ -= static_cast<std::uint64_t>(lease->to - report.reached);
    if (report.reached == lease->from) return;
    auto& member = members_[lease->member.value];
    member.reached = report.reached;
    member.latest = report.snapshot_bytes > 0 ? snapshot_of(report.lease) : SnapshotId::none();
    if (report.reached == lease->to && !member.stopped)
        rank(lease->member, report.reached, &report.rows.back(), lease->wanted);
}

void Checkers::input(const input::Failure& failure) {
    const auto lease = close(failure.worker, failure.lease);
    late_ = !lease;
    if (!lease) return;
    // A member that is stopped is not checked for what was missing.
    if (failure.kind == FailureKind::snapshot_unavailable && !members_[lease->member.value].stopped) {
        auto& copy = copies_[lease->source.snapshot];
        if (lease->source.kind == SourceKind::disk) {
            copy.durable = false;
        } else {
            absent_ = {lease->source.kind == SourceKind::local ? failure.worker : lease->source.owner,
                       lease->source.snapshot};
            copy.memory.erase(absent_.first);
        }
        note_loss(copy);
    }
    const bool diverges = failure.kind == FailureKind::nonfinite;
    const auto done = std::clamp(failure.reached, lease->from + (diverges ? 1 : 0), lease->to);
    charged_ -= static_cast<std::uint64_t>(lease->to - done);
    if (diverges && !members_[lease->member.value].stopped) rank(lease->member, lease->wanted, nullptr, lease->wanted);
}

void Checkers::rank(MemberId id, Resource resource, const MetricRow* row, Resource wanted) {
    auto& member = members_[id.value];
    member.finished = std::max(member.finished, resource);
    double objective = std::numeric_limits<double>::infinity();
    ++reports_;
    if (row != nullptr) {
        const double metric = row->values[settings_.metric];
        if (std::isfinite(metric)) objective = settings_.maximize ? -metric : metric;
    }
    member.objective = objective;
    member.reported = static_cast<std::int64_t>(sequence_);
    if (member.parent.exists() && std::isfinite(objective)) members_[member.parent.value].has_heirs = true;
    if (std::isfinite(objective)) {
        if (!best_ || objective < best_->first) {
            best_ = {objective, id};
            best_snapshot_ = member.latest;
        }
        const auto& target = settings_.budget.target;
        if (target && objective <= (settings_.maximize ? -*target : *target)) target_reached_ = true;
    } else {
        member.over = true;
        if (row != nullptr) member.latest = {};
    }
    // A member that the budget cut has not finished in its rung.
    if (resource == wanted || member.over) finished_[wanted].emplace_back(objective, id);
}

void Checkers::note_loss(const Copy& copy) {
    if (copy.member.exists() && copy.memory.empty() && !copy.durable) last_loss_ = static_cast<std::int64_t>(sequence_);
}

void Checkers::input(const input::Persisted& persisted) {
    auto& copy = copies_[persisted.snapshot];
    if (persisted.ok) copy.durable = true;
    copy.writer = {};
}

void Checkers::input(const input::SnapshotMissing& missing) {
    auto& copy = copies_[missing.snapshot];
    copy.durable = false;
    note_loss(copy);
}

void Checkers::input(const input::TransferDone& done) {
    const auto found = transfers_.find(done.transfer);
    if (found == transfers_.end()) return;
    const auto transfer = found->second;
    transfers_.erase(found);
    unreached_.erase(std::minmax(transfer.owner, transfer.receiver));
    if (workers_[transfer.receiver].alive) copies_[transfer.snapshot].memory.insert(transfer.receiver);
}

void Checkers::input(const input::TransferFailed& failed) {
    const auto found = transfers_.find(failed.transfer);
    if (found == transfers_.end()) return;
    auto& copy = copies_[found->second.snapshot];
    copy.memory.erase(found->second.owner);
    note_loss(copy);
    transfers_.erase(found);
}

void Checkers::input(const input::TransferLate& late) {
    too_late_ = late.transfer;
    const auto found = transfers_.find(late.transfer);
    if (found != transfers_.end()) unreached_.insert(std::minmax(found->second.owner, found->second.receiver));
}

void Checkers::input(const input::MemberStopped& stopped) {
    if (stopped.member.value >= members_.size()) return;
    auto& member = members_[stopped.member.value];
    member.stopped |= member.out.exists();
}

void Checkers::input(const input::BudgetChanged& changed) {
    // At most one training was refused by the old budget: its member was in the top at the decision.
    if (settings_.budget.resource > 0) ++deferred_;
    settings_.budget = changed.budget;
    target_reached_ = false;
}

std::size_t Checkers::copies() const {
    std::size_t sum = 0;
    for (const auto& [id, copy] : copies_) sum += copy.memory.size();
    return sum;
}

void Checkers::compare(const Manager& manager) const {
    const auto totals = manager.totals();
    check(totals.members == members_.size() && manager.member_count() == members_.size(), "no member is lost");
    check(totals.reports == reports_, "no full report is lost or counted twice");
    check(totals.failures == failures_, "members given up are counted once");
    check(totals.late == lates_, "late reports are counted once");
    check(totals.leases == next_lease_, "leases are counted once");
    check(totals.running == leases_.size(), "leases out are those that the record says");
    std::uint64_t open = 0;
    for (const auto& [id, lease] : leases_) open += static_cast<std::uint64_t>(lease.to - lease.from);
    check(totals.resource + open == charged_, "training done and lost is what the record says");
    for (std::uint64_t id = 0; id < members_.size(); ++id) {
        check(manager.member({id}).reached == members_[id].reached, "a member has reached what its last report says");
    }
    const auto best = manager.best();
    check(best.has_value() == best_.has_value(), "there is a best member once there is a finite report");
    if (!best) return;
    const double metric = best->metrics[settings_.metric];
    check((settings_.maximize ? -metric : metric) == best_->first,
          "the best member has the best of all ranked reports");
    check(best->member == best_->second, "among equals the first is the best");
}

}  // namespace stemma
