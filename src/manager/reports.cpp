// The meaning of a report: metrics, the best, and which snapshots stay.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "manager/state.hpp"

namespace stemma {

namespace {

double minimized(double metric, bool maximize) {
    if (!std::isfinite(metric)) return std::numeric_limits<double>::infinity();
    return maximize ? -metric : metric;
}

/// The largest index of a metric that is optimized.
std::size_t metrics_needed(const ManagerSettings& settings) {
    std::size_t last = settings.metric;
    for (const auto& other : settings.more) last = std::max(last, other.metric);
    return last;
}

}  // namespace

double Manager::State::objective(double metric) const { return minimized(metric, settings.maximize); }

Objectives Manager::State::objectives(std::span<const double> metrics) const {
    std::array<double, most_objectives> values{objective(metrics[settings.metric])};
    std::size_t count = 1;
    for (const auto& other : settings.more) values.at(count++) = minimized(metrics[other.metric], other.maximize);
    return Objectives(std::span<const double>(values).first(count));
}

void Manager::State::on(const input::Report& report, Effects& out) {
    const auto lease = workers.take(report.worker, report.lease);
    if (!lease) {
        // The lease was given up or given to another worker: kept in the log, never ranked.
        ++totals.late;
        out.push_back(effect::Noted{.kind = EventKind::late_report, .lease = report.lease, .worker = report.worker});
        if (taken_back.erase(report.lease) > 0 && workers.alive(report.worker)) {
            workers[report.worker].timeouts_in_a_row = 0;  // slow, but working
            if (report.snapshot_bytes > 0 && !ended)
                out.push_back(effect::Drop{report.worker, snapshot_of(report.lease)});
        }
        return;
    }
    ensure(report.reached >= lease->from && report.reached <= lease->to, "a report lies inside its lease");
    auto& worker = workers[report.worker];
    worker.timeouts_in_a_row = worker.breaks_in_a_row = worker.fresh_breakers = 0;
    settle(*lease, report.reached, out);
    totals.busy_seconds += report.seconds;
    deadlines.learn(report.seconds, report.reached - lease->from, now);
    workers.learn(report.worker, *lease, report.seconds, report.reached - lease->from, now);
    auto& member = members[lease->member];
    member.state = MemberState::waiting;
    if (report.reached == lease->from) {
        // Canceled before its first boundary: nothing happened.
        if (member.stop_wanted) {
            give_up(lease->member, lease->lease, report.worker, FailureKind::none, out);
        } else {
            queue.push_front({lease->member, member.target, {}});
        }
        return;
    }
    ensure(!report.rows.empty() && report.rows.back().values.size() > metrics_needed(settings),
           "a report has a row of all metrics");
    member.reached = report.reached;
    member.metric = report.rows.back().values[settings.metric];
    const auto slot = report.snapshot_bytes == 0
                          ? no_slot
                          : snapshots.add(snapshot_of(report.lease), lease->member, report.reached,
                                          report.snapshot_bytes, report.worker, out);
    replace_latest(lease->member, slot, out);
    if (member.stop_wanted) {
        give_up(lease->member, lease->lease, report.worker, FailureKind::none, out);
    } else if (report.reached < lease->to) {
        queue.push_front({lease->member, member.target, {}});
        protect(slot, Reason::interrupted, out);
    } else {
        member.attempts = member.losses = member.breaks = 0;
        ++totals.reports;
        errors_in_a_row = 0;
        rank(lease->member, report, out);
    }
    snapshots.start_copy(report.worker, out);  // a copy that found no worker before may find one now
}

void Manager::State::protect(std::uint32_t slot, Reason reason, Effects& out) {
    if (slot == no_slot) return;
    const auto wants = [reason](DurablePolicy policy) {
        switch (reason) {
            case Reason::interrupted:
            case Reason::best:
                return policy != DurablePolicy::none;
            case Reason::ranked:
                return policy == DurablePolicy::all;
            case Reason::promotable:
                return policy == DurablePolicy::promotable;
        }
        unreachable("a snapshot is protected for one of the reasons");
    };
    if (wants(settings.durable)) snapshots.persist(slot, out);
    if (wants(settings.replicated)) snapshots.replicate(slot, out);
}

std::span<const UnitResult> Manager::State::curve_of(const std::vector<MetricRow>& rows) {
    curve.clear();
    for (const auto& row : rows) {
        if (row.values.size() <= settings.metric || !std::isfinite(row.values[settings.metric])) continue;
        if (curve.empty() || row.resource > curve.back().resource)
            curve.push_back({row.resource, objective(row.values[settings.metric])});
    }
    return curve;
}

void Manager::State::rank(MemberId id, const input::Report& report, Effects& out) {
    const auto resource = report.reached;
    const auto& rows = report.rows;
    const auto all = objectives(rows.back().values);
    const double value = all.finite() ? all[0] : std::numeric_limits<double>::infinity();
    const bool learned = !baseline || value < *baseline;
    const auto failure = std::isfinite(value) ? Infeasibility::none : Infeasibility::nonfinite;
    sampler->observe(
        {id, resource, learned ? value : std::numeric_limits<double>::infinity(), report.seconds, failure});
    const auto slot = members[id].snapshot;
    const auto result = repeats.reported(id, resource, value, rows.back().values);
    if (result) consider(*result, out);
    if (!std::isfinite(value)) {
        out.push_back(effect::Noted{.kind = EventKind::member_diverged, .member = id});
        release_member(id, MemberState::diverged, out);
    } else {
        protect(slot, Reason::ranked, out);
    }
    if (resource < members[id].target && std::isfinite(value)) {
        // Cut by the budget: a result, but not of the rung that it trained for. It goes on with a larger budget.
        queue.push_front({id, members[id].target, {}});
        protect(slot, Reason::interrupted, out);
    } else {
        const auto more = std::span<const double>(all.values).subspan(1, settings.more.size());
        tell_scheduler(event::Report{id, members[id].target, value, now, curve_of(rows), learned, more}, out);
    }
    const auto& target = settings.budget.target;
    if (target && result && objective(result->means[settings.metric]) <= objective(*target)) {
        close(EndReason::target, true, out);
    }
}

void Manager::State::consider(const ConfigurationResult& result, Effects& out) {
    const double metric = result.means[settings.metric];
    const auto slot = members[result.member].snapshot;
    const auto all = objectives(result.means);
    if (!settings.more.empty()) front.consider(result, all);
    if (!best.consider(result, metric, all, slot, out)) return;
    out.push_back(effect::Noted{.kind = EventKind::new_best, .member = result.member, .value = metric});
    protect(slot, Reason::best, out);
}

void Manager::State::tell_scheduler(const Event& event, Effects& out) {
    actions.clear();
    scheduler->on(event, actions);
    for (const auto& action : actions) apply_retention(action, out);
}

void Manager::State::apply_retention(const Action& action, Effects& out) {
    if (const auto* keep = std::get_if<action::Keep>(&action)) {
        const auto slot = members[keep->member].snapshot;
        if (slot == no_slot) return;
        // A snapshot with several uses (a child's start, the best) has the highest of their priorities.
        const bool shared = snapshots[slot].references > 1;
        snapshots.set_priority(slot, shared ? std::max(snapshots[slot].priority, keep->priority) : keep->priority);
        if (keep->promotable) protect(slot, Reason::promotable, out);
    } else if (const auto* release = std::get_if<action::Release>(&action)) {
        if (members[release->member].state == MemberState::waiting)
            release_member(release->member, MemberState::released, out);
    } else if (const auto* select = std::get_if<action::Select>(&action)) {
        out.push_back(effect::Noted{
            .kind = EventKind::selected, .member = select->member, .value = static_cast<double>(select->generation)});
    } else if (const auto* stop = std::get_if<action::StopArm>(&action)) {
        const auto note = [&](EventKind kind, MemberId member) {
            out.push_back(effect::Noted{.kind = kind, .member = member, .value = members[member].metric});
        };
        note(EventKind::arm_stopped, stop->behind);
        note(EventKind::arm_ahead, stop->ahead);
    } else {
        unreachable("Create and Train only answer WorkWanted");
    }
}

void Manager::State::replace_latest(MemberId id, std::uint32_t slot, Effects& out) {
    members[id].inherits = false;
    const auto before = std::exchange(members[id].snapshot, slot);
    if (before != no_slot) snapshots.release(before, out);
}

void Manager::State::release_member(MemberId id, MemberState state, Effects& out) {
    members[id].state = state;
    replace_latest(id, no_slot, out);
}

}  // namespace stemma
