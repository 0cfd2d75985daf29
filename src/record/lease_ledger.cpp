#include "record/lease_ledger.hpp"

namespace stemma::record {

std::span<const LeaseLedger::End> LeaseLedger::on(const input::Body& input) {
    ends_.clear();
    if (std::holds_alternative<input::IncarnationStarted>(input)) {  // all ended with the incarnation before
        for (auto lease = held_.begin(); lease != held_.end();) lease = let_go(lease, LeaseOutcome::lost);
    } else if (const auto* lost = std::get_if<input::WorkerLost>(&input)) {
        for (auto lease = held_.begin(); lease != held_.end();)
            lease = lease->second.assign.worker == lost->worker ? let_go(lease, LeaseOutcome::lost) : std::next(lease);
    } else if (const auto* report = std::get_if<input::Report>(&input)) {
        const auto lease = held_.find(report->lease);
        const bool partial = lease != held_.end() && report->reached < lease->second.assign.to;
        let_go(report->lease, report->worker, partial ? LeaseOutcome::partial : LeaseOutcome::reported);
    } else if (const auto* failed = std::get_if<input::Failure>(&input)) {
        let_go(failed->lease, failed->worker, LeaseOutcome::failed);
    }
    return ends_;
}

std::optional<LeaseLedger::End> LeaseLedger::on(const Effect& effect) {
    if (const auto* assign = std::get_if<effect::Train>(&effect)) held_.emplace(assign->lease, Lease{*assign});
    const auto* noted = std::get_if<effect::Noted>(&effect);
    if (noted == nullptr) return std::nullopt;
    const bool requeued = noted->kind == EventKind::requeued;
    if (!requeued && noted->kind != EventKind::retry && noted->kind != EventKind::member_failed) return std::nullopt;
    const auto lease = held_.find(noted->lease);
    if (lease == held_.end() || lease->second.over) return std::nullopt;
    lease->second.over = true;
    // It did not report and did not fail, so its deadline passed.
    return End{lease->first, lease->second.assign.member, requeued ? LeaseOutcome::lost : LeaseOutcome::timed_out};
}

LeaseLedger::Held LeaseLedger::let_go(Held lease, LeaseOutcome outcome) {
    if (!lease->second.over) ends_.push_back({lease->first, lease->second.assign.member, outcome});
    return held_.erase(lease);
}

void LeaseLedger::let_go(LeaseId lease, WorkerId worker, LeaseOutcome outcome) {
    const auto held = held_.find(lease);
    if (held != held_.end() && held->second.assign.worker == worker) let_go(held, outcome);
}

}  // namespace stemma::record
