// Which worker trains what next: the queue of interrupted trainings first, then what the scheduler asks for.
#include <algorithm>
#include <limits>

#include "manager/state.hpp"
#include "sampler/inheritance.hpp"

namespace stemma {

void Manager::State::fill(Effects& out) {
    const auto& budget = settings.budget;
    if (budget.seconds > 0 && now >= budget.seconds && !closing) close(EndReason::budget_seconds, true, out);
    while (!closing && workers.freest().exists() && assign_next(out)) {
    }
    take_back_unaffordable(out);
    end_if_over(out);
}

bool Manager::State::may_grant() const {
    return settings.budget.reports == 0 ||
           totals.reports + workers.running() + transfers.waiting() < settings.budget.reports;
}

bool Manager::State::assign_next(Effects& out) {
    if (!may_grant()) {
        if (totals.reports >= settings.budget.reports) close(EndReason::budget_reports, false, out);
        return false;
    }
    if (resource_left() == 0) {
        // What is out may end early and return some of the budget.
        const bool over = scheduler->exhausted() && queue.empty();
        if (workers.running() == 0 && !over) close(EndReason::budget_resource, false, out);
        return false;
    }
    const auto work = next_work(out);
    if (!work) return false;
    const auto& member = members[work->member];
    const bool scratch = !continuable(work->member);
    if (scratch && member.parent.exists()) {
        // From scratch it would be another individual: its lineage is its purpose.
        give_up(work->member, {}, {}, FailureKind::snapshot_unavailable, out);
        return true;
    }
    const auto from = scratch ? 0 : member.reached;
    auto to = work->to;
    if (static_cast<std::uint64_t>(to - from) > resource_left()) {
        if (member.reached > from) {
            // Trained again from scratch, it would get no further than it was.
            unaffordable.push_back(*work);
            return true;
        }
        to = from + static_cast<Resource>(resource_left());
    }
    const auto worker = place(*work);
    if (must_wait(*work, worker)) {
        transfers.wait(member.snapshot, *work);
    } else {
        assign(*work, to, worker, out);
    }
    return true;
}

std::uint64_t Manager::State::resource_left() const {
    const auto budget = settings.budget.resource;
    if (budget == 0) return std::numeric_limits<std::uint64_t>::max();
    return budget - std::min(budget, resource_granted);
}

void Manager::State::take_back_unaffordable(Effects& out) {
    if (unaffordable.empty()) return;
    queue.insert(queue.begin(), unaffordable.begin(), unaffordable.end());
    unaffordable.clear();
    if (workers.running() == 0 && transfers.waiting() == 0) close(EndReason::budget_resource, false, out);
}

std::optional<QueuedWork> Manager::State::next_work(Effects& out) {
    for (auto item = queue.begin(); item != queue.end(); ++item) {
        // A training that failed somewhere waits for another worker, if there is another one.
        if (workers.alive_count() > 1 && !workers.freest(item->avoid).exists()) continue;
        const auto work = *item;
        queue.erase(item);
        return work;
    }
    if (transfers.waiting() >= workers.rooms() || waits_for_model()) return std::nullopt;
    while (true) {
        actions.clear();
        scheduler->on(event::WorkWanted{now, this}, actions);
        std::optional<action::Create> create;
        std::optional<action::Train> train;
        for (const auto& action : actions) {
            if (const auto* wanted = std::get_if<action::Create>(&action)) {
                create = *wanted;
            } else if (const auto* continued = std::get_if<action::Train>(&action)) {
                train = *continued;
            } else {
                apply_retention(action, out);
            }
        }
        if (train) return QueuedWork{train->member, train->to, {}};
        if (!create) return std::nullopt;
        if (const auto born = give_birth(*create, out)) return QueuedWork{*born, create->to, {}};
    }
}

bool Manager::State::waits_for_model() const { return settings.wait_for_models && !sampler->wanted_fits().empty(); }

bool Manager::State::continuable(MemberId id) const {
    const auto slot = members[id].snapshot;
    return slot != no_slot && snapshots.available(slot);
}

std::optional<Configuration> Manager::State::configuration_for(const action::Create& create) {
    if (create.same_as.exists()) {
        const auto own = members.configuration(create.same_as);
        const auto parent = create.parent.exists() ? members.configuration(create.parent) : ConfigurationView();
        auto child = with_inherited(space, own, parent);
        return space.allowed(child) ? child : Configuration(parent.begin(), parent.end());
    }
    if (settings.budget.members > 0 && proposals >= settings.budget.members) {
        exhausted_by = EndReason::budget_members;
        return std::nullopt;
    }
    const MemberId id{members.size()};
    auto configuration = sampler->propose({id, proposals, create.parent, create.donor});
    if (recorded) {
        if (const auto* configured = recorded->configuration_of(id)) {
            compare_proposal(space, id, *configured, configuration, *recorded->check);
            configuration = *configured;
        }
    }
    if (configuration) {
        ++proposals;
    } else {
        exhausted_by = EndReason::exhausted;
    }
    return configuration;
}

std::optional<MemberId> Manager::State::give_birth(const action::Create& create, Effects& out) {
    const bool inherits = create.parent.exists();
    // A parent that was interrupted in a long training may be beyond the child's target.
    if (inherits && (!continuable(create.parent) || members[create.parent].reached >= create.to)) {
        tell_scheduler(event::ParentLost{create.parent}, out);
        return std::nullopt;
    }
    auto configuration = configuration_for(create);
    if (!configuration) {
        note_used_up(out);
        tell_scheduler(event::NoMoreMembers{}, out);
        return std::nullopt;
    }
    const auto id = members.add(*configuration);
    auto& member = members[id];
    if (inherits) {
        const auto slot = members[create.parent].snapshot;
        member.parent = create.parent;
        member.generation = members[create.parent].generation + 1;
        member.reached = members[create.parent].reached;
        member.snapshot = slot;
        member.inherits = true;
        snapshots.reference(slot);
    }
    sampler->born({id, create.parent, member.reached, *configuration, create.same_trial});
    const bool repeat = create.same_as.exists() && !inherits;
    if (repeat) repeats.born(id, create.same_as);
    out.push_back(effect::Born{.member = id,
                               .cause = repeat ? BirthCause::repeat : create.cause,
                               .parent = repeat ? create.same_as : create.parent,
                               .donor = create.donor,
                               .generation = member.generation,
                               .configuration = std::move(*configuration),
                               .place = BirthPlace{create.replaces, create.bracket}});
    if (!create.same_as.exists()) note_basis(id, out);
    note_choice(out);
    tell_scheduler(event::Created{id}, out);
    return id;
}

void Manager::State::note_basis(MemberId id, Effects& out) {
    switch (sampler->basis()) {
        case ProposalBasis::current:
        case ProposalBasis::drawn:
            return;
        case ProposalBasis::redrawn:
            out.push_back(effect::Noted{.kind = EventKind::redrawn, .member = id});
            return;
        case ProposalBasis::last_model:
        case ProposalBasis::no_model:
            const bool random = sampler->basis() == ProposalBasis::no_model;
            out.push_back(effect::Noted{.kind = EventKind::model_late, .member = id, .value = random ? 1.0 : 0.0});
            return;
    }
    unreachable("a proposal has one of the bases");
}

void Manager::State::note_choice(Effects& out) {
    const auto choice = sampler->chosen();
    if (!choice || std::exchange(choice_noted, true)) return;
    out.push_back(effect::Noted{.kind = EventKind::sampler_chosen, .value = static_cast<double>(*choice)});
}

void Manager::State::note_used_up(Effects& out) {
    const auto configurations = sampler->used_up();
    if (exhausted_by != EndReason::exhausted || !configurations) return;
    out.push_back(effect::Noted{.kind = EventKind::used_up, .value = static_cast<double>(*configurations)});
}

WorkerId Manager::State::place(const QueuedWork& work) const {
    const auto best_room = workers.freest(workers.alive_count() > 1 ? work.avoid : WorkerId::none());
    // Moving weights costs little, waiting costs a worker. Stay where the weights are only if that worker is as free.
    const auto holder = free_holder(work.member, best_room, work.avoid);
    return holder.exists() ? holder : best_room;
}

WorkerId Manager::State::free_holder(MemberId member, WorkerId best_room, WorkerId avoid) const {
    const auto slot = members[member].snapshot;
    if (slot == no_slot || !best_room.exists()) return {};
    for (const auto holder : snapshots[slot].memory) {
        if (holder != avoid && workers.has_room(holder) &&
            workers[holder].leases.size() <= workers[best_room].leases.size()) {
            return holder;
        }
    }
    return {};
}

void Manager::State::assign(const QueuedWork& work, Resource to, WorkerId worker, Effects& out) {
    const LeaseId lease = next_lease;
    ++next_lease.value;
    auto& member = members[work.member];
    member.state = MemberState::training;
    member.target = work.to;
    ActiveLease active{.lease = lease,
                       .member = work.member,
                       .from = member.reached,
                       .to = to,
                       .given = now,
                       .alone = workers[worker].leases.empty()};
    if (member.reached > 0) active.source = choose_source(member.snapshot, worker, lease, out);
    if (active.source.kind == SourceKind::scratch) {
        if (member.reached > 0) {
            totals.retrained += static_cast<std::uint64_t>(member.reached);
            out.push_back(effect::Noted{.kind = EventKind::retrain,
                                        .member = work.member,
                                        .lease = lease,
                                        .worker = worker,
                                        .value = static_cast<double>(member.reached)});
        }
        active.from = 0;
    } else {
        active.slot = member.snapshot;
        snapshots.pin(active.slot);
    }
    resource_granted += static_cast<std::uint64_t>(to - active.from);
    ++totals.leases;
    if (to < work.to) {
        out.push_back(effect::Noted{.kind = EventKind::budget_cut,
                                    .member = work.member,
                                    .lease = lease,
                                    .worker = worker,
                                    .value = static_cast<double>(work.to)});
    }
    const auto adopted =
        active.source.kind != SourceKind::scratch && member.inherits ? member.parent : MemberId::none();
    out.push_back(effect::Train{worker, lease, work.member, active.from, to, active.source, member.attempts, adopted});
    workers.add(worker, active);
    deadlines.set(worker, *workers.find(worker, lease), now);
}

Source Manager::State::choose_source(std::uint32_t slot, WorkerId worker, LeaseId lease, Effects& out) {
    if (slot == no_slot) return {};
    const auto& record = snapshots[slot];
    if (snapshots.in_memory_of(slot, worker)) return {SourceKind::local, record.id, worker, {}, record.bytes};
    const auto owner = snapshots.idlest_holder(slot);
    if (owner.exists()) {
        const auto transfer = snapshots.send(slot, owner, worker, lease, out);
        return {SourceKind::peer, record.id, owner, transfer, record.bytes};
    }
    if (record.durable == Durable::yes) return {SourceKind::disk, record.id, {}, {}, record.bytes};
    return {};
}

bool Manager::State::must_wait(const QueuedWork& work, WorkerId worker) const {
    const auto slot = members[work.member].snapshot;
    return slot != no_slot && snapshots.transfers_to_begin(slot) == 0 && !snapshots.in_memory_of(slot, worker);
}

void Manager::State::queue_woken() {
    const auto woken = transfers.take_woken();
    queue.insert(queue.begin(), woken.begin(), woken.end());
}

void Manager::State::forget_work(MemberId member) {
    std::erase_if(queue, [member](const QueuedWork& work) { return work.member == member; });
    transfers.forget(members[member].snapshot, member);
}

void Manager::State::settle(const ActiveLease& lease, Resource reached, Effects& out) {
    deadlines.remove(lease);
    // Work that was granted but not done goes back to the budget.
    const auto done = std::clamp(reached, lease.from, lease.to);
    resource_granted -= static_cast<std::uint64_t>(lease.to - done);
    totals.resource += static_cast<std::uint64_t>(done - lease.from);
    if (lease.source.kind == SourceKind::peer) {
        snapshots.abandon(lease.source.transfer, out);  // if the lease ends before it does
        queue_woken();
    }
    if (lease.slot != no_slot) snapshots.unpin(lease.slot, out);
}

void Manager::State::close(EndReason reason, bool cancel_running, Effects& out) {
    if (closing && !cancel_running) return;
    if (!closing || reason == EndReason::stopped) closing = reason;
    if (!cancel_running) return;
    for (std::size_t slot = 0; slot < workers.slots(); ++slot) {
        if (!workers.alive({slot})) continue;
        for (auto& lease : workers[{slot}].leases) {
            if (std::exchange(lease.canceled, true)) continue;
            out.push_back(effect::Cancel{{slot}, lease.lease});
        }
    }
}

void Manager::State::end_if_over(Effects& out) {
    if (workers.alive_count() == 0 && settled_workers < std::max(1U, expected_workers)) return;
    EndReason reason = EndReason::no_workers;
    if (workers.alive_count() > 0) {
        // Waits for durable copies that are being written: a resume starts from them.
        if (workers.running() > 0 || snapshots.writing() > 0) return;
        if (!closing && (!queue.empty() || waits_for_model())) return;
        reason = closing.value_or(exhausted_by.value_or(EndReason::exhausted));
    } else if (closing) {
        reason = *closing;
    }
    for (std::size_t slot = 0; slot < workers.slots(); ++slot) {
        if (workers.alive({slot})) out.push_back(effect::Dismiss{{slot}});
    }
    ended = true;
    snapshots.stop_copies();
    out.push_back(effect::Ended{reason, best.best() ? best.best()->member : MemberId::none()});
}

}  // namespace stemma
