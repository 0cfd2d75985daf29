// The meaning of a failure, by its kind. A failed training is a value: it costs one member at most, never the search.
#include <algorithm>
#include <limits>

#include "manager/state.hpp"

namespace stemma {

namespace {
constexpr std::uint8_t losses_max = 3;              // of workers under one training, before the member is given up
constexpr std::uint32_t timeouts_in_a_row_max = 3;  // of one worker, before it is retired
/// Members in a row that broke a fresh program of one worker, before the worker is retired.
constexpr std::uint32_t fresh_breakers_max = 2;

/// What a failure says of the configuration, if anything.
Infeasibility infeasibility_of(FailureKind kind) {
    switch (kind) {
        case FailureKind::nonfinite:
            return Infeasibility::nonfinite;
        case FailureKind::out_of_memory:
            return Infeasibility::out_of_memory;
        case FailureKind::infeasible:
            return Infeasibility::refused;
        case FailureKind::none:
        case FailureKind::device:
        case FailureKind::exception:
        case FailureKind::snapshot_unavailable:
        case FailureKind::worker_lost:
        case FailureKind::timed_out:
        case FailureKind::broken_program:
            return Infeasibility::none;
    }
    unreachable("a failure has one of the kinds");
}
}  // namespace

void Manager::State::on(const input::Failure& failure, Effects& out) {
    const auto lease = workers.take(failure.worker, failure.lease);
    if (!lease) {
        ++totals.late;
        taken_back.erase(failure.lease);
        out.push_back(effect::Noted{.kind = EventKind::late_report, .lease = failure.lease, .worker = failure.worker});
        return;
    }
    auto& worker = workers[failure.worker];
    worker.timeouts_in_a_row = 0;
    if (failure.kind != FailureKind::broken_program) worker.breaks_in_a_row = worker.fresh_breakers = 0;
    // A training that diverges in its first unit costs that unit. Otherwise a search in which all diverge would never
    // end.
    const bool diverges = failure.kind == FailureKind::nonfinite;
    settle(*lease, diverges ? std::max(failure.reached, lease->from + 1) : failure.reached, out);
    totals.busy_seconds += failure.seconds;
    members[lease->member].state = MemberState::waiting;
    const std::string error = std::string(name_of(failure.kind)) + " " + failure.type;
    if (members[lease->member].stop_wanted) {
        give_up(lease->member, lease->lease, failure.worker, FailureKind::none, out);
        return;
    }
    switch (failure.kind) {
        case FailureKind::nonfinite:
            diverged(*lease, failure.worker, out);
            return;
        case FailureKind::out_of_memory:
        case FailureKind::infeasible:
            give_up(lease->member, lease->lease, failure.worker, failure.kind, out);
            count_failure(error, out);
            return;
        case FailureKind::snapshot_unavailable:
            unavailable(*lease, failure.worker, out);
            return;
        case FailureKind::device:
            queue.push_front({lease->member, members[lease->member].target, failure.worker});
            retire(failure.worker, lease->lease, out);
            return;
        case FailureKind::broken_program:
            broke(*lease, failure.worker, error, out);
            return;
        case FailureKind::none:
        case FailureKind::exception:
        case FailureKind::worker_lost:
        case FailureKind::timed_out:
            retry_or_give_up(*lease, failure.worker, failure.kind, error, out);
            return;
    }
    unreachable("a failure has one of the kinds");
}

void Manager::State::retry_or_give_up(const ActiveLease& lease, WorkerId worker, FailureKind kind,
                                      std::string_view error, Effects& out) {
    auto& member = members[lease.member];
    if (member.attempts < settings.retries) {
        ++member.attempts;
        return try_elsewhere(lease, worker, out);
    }
    give_up(lease.member, lease.lease, worker, kind, out);
    count_failure(std::string(error), out);
}

void Manager::State::try_elsewhere(const ActiveLease& lease, WorkerId worker, Effects& out) {
    out.push_back(
        effect::Noted{.kind = EventKind::retry, .member = lease.member, .lease = lease.lease, .worker = worker});
    queue.push_front({lease.member, members[lease.member].target, worker});
}

void Manager::State::broke(const ActiveLease& lease, WorkerId worker, const std::string& error, Effects& out) {
    // A broken context makes every training in its process fail. So a program in use proves nothing against the member,
    // but two programs do. Two members that broke fresh programs speak against the worker's device.
    auto& record = workers[worker];
    if (record.breaks_in_a_row++ > 0 && std::exchange(record.last_breaker, lease.member) != lease.member) {
        ++record.fresh_breakers;
    }
    if (record.breaks_in_a_row == 1) record.last_breaker = MemberId::none();
    const bool retired = record.fresh_breakers >= fresh_breakers_max;
    if (members[lease.member].breaks++ == 0) {
        try_elsewhere(lease, worker, out);
    } else {
        give_up(lease.member, lease.lease, worker, FailureKind::broken_program, out);
        count_failure(error, out);
    }
    if (retired) retire(worker, lease.lease, out);
}

void Manager::State::retire(WorkerId worker, LeaseId lease, Effects& out) {
    out.push_back(effect::Noted{.kind = EventKind::worker_retired, .lease = lease, .worker = worker});
    lose_worker(worker, out);
    out.push_back(effect::Dismiss{worker});
}

void Manager::State::diverged(const ActiveLease& lease, WorkerId worker, Effects& out) {
    out.push_back(effect::Noted{
        .kind = EventKind::member_diverged, .member = lease.member, .lease = lease.lease, .worker = worker});
    release_member(lease.member, MemberState::diverged, out);
    ++totals.reports;  // its result is known: the worst
    ++totals.diverged;
    const double worst = std::numeric_limits<double>::infinity();
    const auto to = members[lease.member].target;
    sampler->observe({lease.member, to, worst, {}, Infeasibility::nonfinite});
    repeats.reported(lease.member, to, worst, {});
    tell_scheduler(event::Report{lease.member, to, worst, now}, out);
}

void Manager::State::give_up(MemberId id, LeaseId lease, WorkerId worker, FailureKind kind, Effects& out) {
    ++totals.failures;
    members[id].failure = kind;
    out.push_back(effect::Noted{.kind = EventKind::member_failed, .member = id, .lease = lease, .worker = worker});
    release_member(id, MemberState::failed, out);
    if (const auto cause = infeasibility_of(kind); cause != Infeasibility::none)
        sampler->observe({id, members[id].target, std::numeric_limits<double>::infinity(), {}, cause});
    sampler->given_up(id);
    tell_scheduler(event::GivenUp{id}, out);
}

void Manager::State::count_failure(std::string error, Effects& out) {
    errors_in_a_row = error == last_error ? errors_in_a_row + 1 : 1;
    last_error = std::move(error);
    if (settings.failures_in_a_row == 0 || errors_in_a_row < settings.failures_in_a_row || closing) return;
    out.push_back(effect::Noted{.kind = EventKind::repeated_failure, .value = static_cast<double>(errors_in_a_row)});
    close(EndReason::repeated_failure, true, out);
}

void Manager::State::unavailable(const ActiveLease& lease, WorkerId worker, Effects& out) {
    // The named copy is missing: do not name it again. The remaining copies decide where the retry starts.
    const auto slot = members[lease.member].snapshot;
    if (slot != no_slot && snapshots[slot].id == lease.source.snapshot) {
        if (lease.source.kind == SourceKind::disk) snapshots.lost_durable(slot);
        if (lease.source.kind == SourceKind::local) snapshots.forget(slot, worker);
        if (lease.source.kind == SourceKind::peer) snapshots.forget(slot, lease.source.owner);
    }
    out.push_back(
        effect::Noted{.kind = EventKind::retry, .member = lease.member, .lease = lease.lease, .worker = worker});
    queue.push_front({lease.member, members[lease.member].target, {}});
}

void Manager::State::lose_worker(WorkerId worker, Effects& out) {
    auto leases = workers.remove(worker);
    snapshots.worker_gone(worker, out);
    queue_woken();
    for (auto lease = leases.rbegin(); lease != leases.rend(); ++lease) {
        settle(*lease, lease->to, out);
        auto& member = members[lease->member];
        member.state = MemberState::waiting;
        if (member.stop_wanted || ++member.losses > losses_max) {
            give_up(lease->member, lease->lease, worker,
                    member.stop_wanted ? FailureKind::none : FailureKind::worker_lost, out);
            continue;
        }
        out.push_back(effect::Noted{
            .kind = EventKind::requeued, .member = lease->member, .lease = lease->lease, .worker = worker});
        queue.push_front({lease->member, members[lease->member].target, {}});
    }
    snapshots.start_copies(out);  // of snapshots that are in one memory only now
}

void Manager::State::expire(WorkerId worker, LeaseId id, Effects& out) {
    const auto lease = *workers.take(worker, id);
    out.push_back(effect::Cancel{worker, id});
    taken_back.insert(id);
    settle(lease, lease.to, out);
    members[lease.member].state = MemberState::waiting;
    if (members[lease.member].stop_wanted) {
        give_up(lease.member, id, worker, FailureKind::none, out);
    } else {
        retry_or_give_up(lease, worker, FailureKind::timed_out, name_of(FailureKind::timed_out), out);
    }
    if (++workers[worker].timeouts_in_a_row >= timeouts_in_a_row_max) retire(worker, id, out);
}

}  // namespace stemma
