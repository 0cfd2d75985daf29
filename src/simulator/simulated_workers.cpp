// The workers' side: minimal, but able to do everything that the protocol can ask for.
#include <algorithm>
#include <cmath>

#include "core/rng.hpp"
#include "simulator/simulation.hpp"

namespace stemma {

void Simulation::join() {
    const auto worker = static_cast<std::uint32_t>(workers_.size());
    workers_.push_back({.alive = true, .counted = true, .last_in = now_, .last_out = now_});
    workers_.back().queue.reserve(1 + settings_.leases_ahead);
    ++alive_;
    arm(SimEvent::death, settings_.faults.death_per_second, worker, 2);
    arm(SimEvent::false_alarm, settings_.faults.false_alarm_per_second, worker, 3);
    send(worker, {.kind = SimulatedMessage::Kind::join});
}

void Simulation::arm(SimEvent kind, double rate, std::uint32_t worker, std::uint64_t purpose) {
    if (rate <= 0) return;
    Stream stream(settings_.seed, Purpose::fault, worker, purpose + 4 * std::uint64_t{settings_.incarnation});
    events_.push(kind, now_ - std::log1p(-stream.uniform()) / rate, worker);
}

void Simulation::send(std::uint32_t worker, const SimulatedMessage& message) {
    using Kind = SimulatedMessage::Kind;
    const bool recoverable = message.kind == Kind::report || message.kind == Kind::failure;
    if (recoverable && chance(settings_.faults.lose_report)) {
        ++result_.messages_lost;
        return;
    }
    auto& last = workers_[worker].last_out;
    double time = now_ + settings_.message_seconds;
    if (chance(settings_.faults.delay)) time += -std::log1p(-noise_.uniform()) * settings_.faults.delay_seconds;
    last = std::max(last, time);
    events_.push(SimEvent::message_arrives, last, worker, messages_.add(message));
    if (message.kind != Kind::join && chance(settings_.faults.duplicate)) {
        ++result_.messages_duplicated;
        events_.push(SimEvent::message_arrives, last, worker, messages_.add(message));
    }
}

void Simulation::send_failure(std::uint32_t worker, const SimulatedLease& lease, FailureKind kind, Resource reached,
                              double seconds) {
    ++result_.dropped;
    send(worker, {.kind = SimulatedMessage::Kind::failure,
                  .failure = kind,
                  .id = lease.lease.value,
                  .member = lease.member,
                  .from = lease.from,
                  .reached = reached,
                  .seconds = seconds});
}

// ---- leases ------------------------------------------------------------------------------------------------------

void Simulation::lease_arrives(std::uint32_t slot, std::uint32_t index) {
    auto& worker = workers_[slot];
    auto& lease = leases_[index];
    if (!worker.alive) {
        leases_.remove(index);
        return;
    }
    worker.queue.push_back(index);
    switch (lease.source.kind) {
        case SourceKind::scratch:
            lease.ready = true;
            break;
        case SourceKind::local:
            if (!places_.has(lease.source.snapshot, slot)) {
                send_failure(slot, lease, FailureKind::snapshot_unavailable, lease.from, 0);
                end_lease(slot, index);
                return;
            }
            lease.ready = true;
            break;
        case SourceKind::peer:
            if (const auto early = early_bulks_.extract(lease.source.transfer.value)) {
                if (early.mapped()) {
                    send_failure(slot, lease, FailureKind::snapshot_unavailable, lease.from, 0);
                    end_lease(slot, index);
                    return;
                }
                received(slot, lease);
            }
            break;
        case SourceKind::disk:
            events_.push(SimEvent::loaded, now_ + settings_.load_seconds, slot, index, lease.lease.value);
            break;
    }
    start_next(slot);
}

void Simulation::start_next(std::uint32_t slot) {
    auto& worker = workers_[slot];
    if (worker.running != no_index) return;
    for (const auto index : worker.queue) {
        auto& lease = leases_[index];
        if (!lease.ready) continue;
        worker.running = index;
        if (worker.counted) ++busy_;
        lease.started = now_;
        lease.outcome = draw_outcome(settings_, lease.lease, lease.to - lease.from);
        lease.end_order = events_.push(SimEvent::training_ends, now_ + lease.outcome.seconds, slot, index);
        return;
    }
}

void Simulation::training_ends(const AgendaItem& event) {
    auto& worker = workers_[event.worker];
    auto& lease = leases_[event.index];
    if (!worker.alive || lease.end_order != event.order()) return;
    const double seconds = now_ - lease.started;
    if (lease.outcome.failure != FailureKind::none) {
        const auto units = static_cast<Resource>(seconds / lease.outcome.seconds_per_unit);
        send_failure(event.worker, lease, lease.outcome.failure, std::min(lease.to, lease.from + units), seconds);
    } else {
        if (settings_.snapshot_bytes > 0) places_.add(snapshot_of(lease.lease), event.worker);
        send(event.worker, {.kind = SimulatedMessage::Kind::report,
                            .nonfinite = lease.outcome.nonfinite_metric,
                            .id = lease.lease.value,
                            .member = lease.member,
                            .start = lease.source.snapshot,
                            .from = lease.from,
                            .reached = lease.to,
                            .seconds = seconds});
    }
    end_lease(event.worker, event.index);
    start_next(event.worker);
}

void Simulation::end_lease(std::uint32_t slot, std::uint32_t index) {
    auto& worker = workers_[slot];
    if (worker.running == index) {
        worker.running = no_index;
        if (worker.counted) --busy_;
    }
    std::erase(worker.queue, index);
    leases_[index].end_order = ~std::uint64_t{0};
    leases_[index].lease = {};
    leases_.remove(index);
}

void Simulation::cancel(std::uint32_t slot, LeaseId id) {
    auto& worker = workers_[slot];
    const auto found = std::find_if(worker.queue.begin(), worker.queue.end(),
                                    [&](std::uint32_t index) { return leases_[index].lease == id; });
    if (found == worker.queue.end()) return;
    const auto index = *found;
    auto& lease = leases_[index];
    if (worker.running != index) {
        send(slot, {.kind = SimulatedMessage::Kind::report,
                    .id = id.value,
                    .member = lease.member,
                    .from = lease.from,
                    .reached = lease.from});
        end_lease(slot, index);
        return;
    }
    // It ends at the next boundary of a unit, unless it ends before.
    auto& outcome = lease.outcome;
    const double unit = outcome.seconds_per_unit;
    const auto boundary = std::max<Resource>(1, static_cast<Resource>(std::ceil((now_ - lease.started) / unit)));
    if (lease.from + boundary >= lease.to || unit * static_cast<double>(boundary) >= outcome.seconds) return;
    lease.to = lease.from + boundary;
    outcome.seconds = unit * static_cast<double>(boundary);
    outcome.failure = FailureKind::none;
    lease.end_order =
        events_.push(SimEvent::training_ends, std::max(now_, lease.started + outcome.seconds), slot, index);
}

// ---- snapshots ---------------------------------------------------------------------------------------------------

void Simulation::control_arrives(std::uint32_t slot, std::uint32_t index) {
    const auto control = controls_[index];
    controls_.remove(index);
    if (!workers_[slot].alive) return;
    switch (control.kind) {
        case SimulatedControl::Kind::serve:
            serve(slot, control);
            return;
        case SimulatedControl::Kind::abort:
            abort_transfer(slot, {control.id});
            return;
        case SimulatedControl::Kind::drop:
            places_.remove({control.id}, slot);
            return;
        case SimulatedControl::Kind::persist:
            // A snapshot that is being written stays readable although it may be dropped meanwhile.
            events_.push(SimEvent::persist_ends, now_ + settings_.persist_seconds, slot,
                         places_.has({control.id}, slot), control.id);
            return;
        case SimulatedControl::Kind::cancel:
            cancel(slot, {control.id});
            return;
        case SimulatedControl::Kind::fetch:
            fetch(slot, control);
            return;
        case SimulatedControl::Kind::dismiss:
            stop_counting(workers_[slot]);
            return;
    }
}

void Simulation::serve(std::uint32_t slot, const SimulatedControl& control) {
    if (chance(settings_.faults.lose_snapshot)) places_.remove(control.snapshot, slot);
    // Zero bytes tell the receiver not to wait.
    const bool empty = !places_.has(control.snapshot, slot);
    const double bytes = empty ? 0 : static_cast<double>(settings_.snapshot_bytes);
    events_.push(empty ? SimEvent::nothing_arrives : SimEvent::bulk_arrives,
                 now_ + settings_.message_seconds + bytes / settings_.bytes_per_second, control.receiver, slot,
                 control.id);
}

void Simulation::bulk_arrives(const AgendaItem& event) {
    auto& worker = workers_[event.worker];
    const bool owner_alive = workers_[event.index].alive;
    const bool empty = event.kind() == SimEvent::nothing_arrives;
    if (!worker.alive || !owner_alive) return;
    if (const auto copy = fetches_.extract(event.id)) return fetched(event.worker, event.id, copy.mapped(), empty);
    for (const auto index : worker.queue) {
        auto& lease = leases_[index];
        if (lease.source.kind != SourceKind::peer || lease.source.transfer.value != event.id) continue;
        if (empty) {
            send_failure(event.worker, lease, FailureKind::snapshot_unavailable, lease.from, 0);
            end_lease(event.worker, index);
        } else {
            received(event.worker, lease);
        }
        start_next(event.worker);
        return;
    }
    early_bulks_[event.id] = empty;
}

void Simulation::fetch(std::uint32_t slot, const SimulatedControl& control) {
    if (const auto early = early_bulks_.extract(control.id)) {
        fetched(slot, control.id, control.snapshot, early.mapped());
    } else {
        fetches_[control.id] = control.snapshot;
    }
}

void Simulation::fetched(std::uint32_t slot, std::uint64_t transfer, SnapshotId snapshot, bool empty) {
    using Kind = SimulatedMessage::Kind;
    if (!empty) places_.add(snapshot, slot);
    send(slot, {.kind = empty ? Kind::transfer_failed : Kind::transfer_done, .id = transfer});
}

void Simulation::received(std::uint32_t slot, SimulatedLease& lease) {
    lease.ready = true;
    places_.add(lease.source.snapshot, slot);
    send(slot, {.kind = SimulatedMessage::Kind::transfer_done, .id = lease.source.transfer.value});
}

void Simulation::abort_transfer(std::uint32_t slot, TransferId transfer) {
    early_bulks_.erase(transfer.value);
    // Both ends are told. Only the receiver's matters: the owner has sent by then or never will.
    fetches_.erase(transfer.value);
    for (const auto index : workers_[slot].queue) {
        const auto& lease = leases_[index];
        if (lease.source.kind != SourceKind::peer || lease.source.transfer != transfer || lease.ready) continue;
        send_failure(slot, lease, FailureKind::snapshot_unavailable, lease.from, 0);
        end_lease(slot, index);
        return;
    }
}

void Simulation::persist_ends(std::uint32_t slot, SnapshotId snapshot, bool had) {
    if (!workers_[slot].alive) return;
    const bool ok = had && !chance(settings_.faults.persist_failure);
    send(slot, {.kind = SimulatedMessage::Kind::persisted, .ok = ok, .id = snapshot.value});
}

// ---- death -------------------------------------------------------------------------------------------------------

void Simulation::stop_counting(SimulatedWorker& worker) {
    if (!worker.counted) return;
    worker.counted = false;
    --alive_;
    if (worker.running != no_index) --busy_;
}

void Simulation::dies(std::uint32_t slot) {
    auto& worker = workers_[slot];
    if (!worker.alive || !worker.counted) return;
    ++result_.deaths;
    stop_counting(worker);
    worker.alive = false;
    for (const auto index : worker.queue) {
        leases_[index].end_order = ~std::uint64_t{0};
        leases_[index].lease = {};
        leases_.remove(index);
    }
    worker.queue.clear();
    worker.running = no_index;
    events_.push(SimEvent::worker_lost, now_ + settings_.faults.detection_seconds, slot);
}

}  // namespace stemma
