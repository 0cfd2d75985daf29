#include "manager/manager.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/rng.hpp"
#include "manager/state.hpp"

namespace stemma {

Manager::State::State(ManagerSettings given, SearchSpace space_given, std::unique_ptr<Scheduler> scheduler_given,
                      std::unique_ptr<Sampler> sampler_given)
    : settings(std::move(given)),
      space(std::move(space_given)),
      scheduler(std::move(scheduler_given)),
      sampler(std::move(sampler_given)),
      members(space.size()),
      workers(settings.leases_ahead),
      transfers(workers),
      snapshots(workers, transfers, settings.spill),
      deadlines(settings, workers),
      best(settings.final_from, snapshots),
      front(settings.final_from),
      repeats(settings.repeats) {
    if (settings.baseline) baseline = objective(*settings.baseline);
}

void Manager::State::on(const input::IncarnationStarted& started, Effects& out) {
    expected_workers = started.workers;
    settled_workers = 0;
    // Open leases go back to the queue in the order in which they were given, before all other work.
    std::vector<ActiveLease> lost;
    for (std::size_t slot = 0; slot < workers.slots(); ++slot) {
        if (!workers.alive({slot})) continue;
        auto leases = workers.remove({slot});
        lost.insert(lost.end(), leases.begin(), leases.end());
    }
    std::sort(lost.begin(), lost.end(), [](const auto& a, const auto& b) { return a.lease < b.lease; });
    for (const auto& lease : lost) {
        settle(lease, lease.to, out);
        members[lease.member].state = MemberState::waiting;
    }
    workers.clear();
    snapshots.memory_gone();
    deadlines.clear();
    taken_back.clear();
    for (auto lease = lost.rbegin(); lease != lost.rend(); ++lease) {
        if (!members[lease->member].stop_wanted) queue.push_front({lease->member, members[lease->member].target, {}});
    }
    for (const auto& lease : lost) {
        if (members[lease.member].stop_wanted) {
            give_up(lease.member, lease.lease, {}, FailureKind::none, out);
        } else {
            out.push_back(effect::Noted{.kind = EventKind::requeued, .member = lease.member, .lease = lease.lease});
        }
    }
    closing.reset();
    ended = false;
    last_error.clear();
    errors_in_a_row = 0;
}

void Manager::State::on(const input::WorkerJoined& joined, Effects& out) {
    if (ended) {
        out.push_back(effect::Dismiss{joined.worker});
        return;
    }
    workers.join(joined.worker, joined.host, joined.snapshot_quota);
    ++settled_workers;
    if (!baseline && joined.baselines && settings.metric < joined.baselines->size()) {
        const double value = objective((*joined.baselines)[settings.metric]);
        if (std::isfinite(value)) baseline = value;
    }
    snapshots.start_copies(out);
}

void Manager::State::on(const input::WorkerLost& lost, Effects& out) {
    if (workers.alive(lost.worker)) {
        lose_worker(lost.worker, out);
    } else if (!workers.joined(lost.worker)) {
        ++settled_workers;  // it never joined
    }
}

void Manager::State::on(const input::Persisted& persisted, Effects& out) {
    if (!persisted.ok)
        out.push_back(effect::Noted{.kind = EventKind::persist_failed, .lease = {persisted.snapshot.value}});
    snapshots.persisted(persisted.snapshot, persisted.ok, out);
}

void Manager::State::on(const input::SnapshotMissing& missing, Effects&) { snapshots.missing(missing.snapshot); }

void Manager::State::on(const input::TransferDone& done, Effects& out) {
    snapshots.arrived(done.transfer, out);
    queue_woken();
}

void Manager::State::on(const input::TransferFailed& failed, Effects& out) { snapshots.failed(failed.transfer, out); }

void Manager::State::on(const input::TransferLate& late, Effects& out) { snapshots.late(late.transfer, out); }

void Manager::State::on(const input::Ticked&, Effects& out) {
    while (const auto due = deadlines.due(now)) expire(due->first, due->second, out);
    if (!closing && scheduler->next_deadline() <= now) tell_scheduler(event::TimePassed{now}, out);
}

void Manager::State::on(const input::StopRequested&, Effects& out) { close(EndReason::stopped, true, out); }

void Manager::State::on(const input::MemberStopped& stopped, Effects& out) {
    if (!members.contains(stopped.member)) return;
    auto& member = members[stopped.member];
    if (member.state == MemberState::training) {
        member.stop_wanted = true;
        for (std::size_t slot = 0; slot < workers.slots(); ++slot) {
            if (!workers.alive({slot})) continue;
            for (auto& lease : workers[{slot}].leases) {
                if (lease.member != stopped.member || lease.canceled) continue;
                lease.canceled = true;
                out.push_back(effect::Cancel{{slot}, lease.lease});
            }
        }
    } else if (member.state == MemberState::waiting) {
        forget_work(stopped.member);
        give_up(stopped.member, {}, {}, FailureKind::none, out);
    }
}

void Manager::State::on(const input::BudgetChanged& changed, Effects& out) {
    settings.budget = changed.budget;
    if (closing && *closing != EndReason::stopped && *closing != EndReason::repeated_failure) closing.reset();
    best.extend(changed.max_resource);
    front.extend(changed.max_resource);
    settings.max = std::max(settings.max, changed.max_resource);
    // Members may be asked for again. A sampler that is exhausted for good simply refuses once more.
    exhausted_by.reset();
    tell_scheduler(event::Extended{changed.max_resource}, out);
}

void Manager::State::on(const input::ModelFitted& fitted, Effects& out) {
    sampler->fitted(fitted.number, fitted.model);
    note_choice(out);
}

Manager::Manager(ManagerSettings settings, SearchSpace space, std::unique_ptr<Scheduler> scheduler,
                 std::unique_ptr<Sampler> sampler)
    : state_(std::make_unique<State>(std::move(settings), std::move(space), std::move(scheduler), std::move(sampler))) {
}
Manager::~Manager() = default;
Manager::Manager(Manager&&) noexcept = default;
Manager& Manager::operator=(Manager&&) noexcept = default;

void Manager::on(const Input& input, Effects& out) {
    ensure(input.sequence == state_->sequence, "inputs come in order of their sequence");
    ensure(input.time >= state_->now, "time never goes back");
    ++state_->sequence;
    state_->now = input.time;
    std::visit([&](const auto& body) { state_->on(body, out); }, input.body);
    if (!state_->ended) state_->fill(out);
}

void Manager::replay(const Input& input, std::span<const Effect> recorded, Effects& out, ProposalCheck& check) {
    state_->recorded = RecordedAnswer{recorded, &check};
    on(input, out);
    state_->recorded.reset();
}

bool Manager::ended() const { return state_->ended; }

double Manager::next_deadline() const {
    double next = std::numeric_limits<double>::infinity();
    if (state_->ended) return next;
    if (state_->settings.budget.seconds > 0 && !state_->closing) next = state_->settings.budget.seconds;
    next = std::min(next, state_->deadlines.next());
    if (!state_->closing) next = std::min(next, state_->scheduler->next_deadline());
    return next;
}

const Budget& Manager::budget() const { return state_->settings.budget; }
std::optional<Best> Manager::best() const { return state_->best.best(); }
std::span<const FrontEntry> Manager::front() const { return state_->front.front(); }
std::vector<ObjectiveSettings> Manager::objectives() const {
    std::vector<ObjectiveSettings> all{{state_->settings.metric, state_->settings.maximize}};
    all.insert(all.end(), state_->settings.more.begin(), state_->settings.more.end());
    return all;
}
std::uint64_t Manager::dominated() const { return state_->front.dominated(); }

Totals Manager::totals() const {
    Totals totals = state_->totals;
    totals.members = state_->members.size();
    totals.running = state_->workers.running();
    return totals;
}

std::uint64_t Manager::member_count() const { return state_->members.size(); }

MemberView Manager::member(MemberId id) const {
    ensure(state_->members.contains(id), "the member exists");
    const auto& record = state_->members[id];
    const bool retried = record.state == MemberState::waiting && record.attempts + record.breaks > 0;
    return {.state = record.state,
            .failure = record.failure,
            .to_be_retried = retried,
            .reached = record.reached,
            .metric = record.metric,
            .configuration = state_->members.configuration(id)};
}

bool Manager::has_worker(WorkerId id) const { return state_->workers.alive(id); }

const Scheduler& Manager::scheduler() const { return *state_->scheduler; }
const Sampler& Manager::sampler() const { return *state_->sampler; }
const SearchSpace& Manager::space() const { return state_->space; }

std::uint64_t Manager::training_seed(MemberId id) const {
    return derive_seed(state_->settings.seed, Purpose::training, id.value);
}

MemberId Manager::adopted_from(MemberId id) const {
    ensure(state_->members.contains(id), "the member exists");
    const auto& member = state_->members[id];
    return member.inherits ? member.parent : MemberId::none();
}

Resource Manager::max_resource() const { return state_->settings.max; }

SnapshotId Manager::latest_snapshot(MemberId id) const {
    ensure(state_->members.contains(id), "the member exists");
    const auto slot = state_->members[id].snapshot;
    return slot == no_slot ? SnapshotId::none() : state_->snapshots[slot].id;
}

std::vector<SnapshotId> Manager::durable_snapshots() const { return state_->snapshots.durable(); }
SnapshotId Manager::next_snapshot() const { return snapshot_of(state_->next_lease); }
std::vector<SnapshotId> Manager::kept_snapshots() const { return state_->snapshots.kept(); }

std::span<const WantedFit> Manager::wanted_fits() const { return state_->sampler->wanted_fits(); }

std::size_t Manager::memory_bytes() const {
    return state_->members.memory_bytes() + state_->snapshots.memory_bytes() + state_->scheduler->memory_bytes() +
           sizeof(State);
}

}  // namespace stemma
