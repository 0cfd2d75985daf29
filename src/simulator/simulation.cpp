#include "simulator/simulation.hpp"

#include <chrono>
#include <cmath>

#include "core/rng.hpp"

namespace stemma {

Simulation::Simulation(Manager& manager, const LearningCurve& curve, const SimulationSettings& settings,
                       Journal& journal, SimulationObserver* observer)
    : manager_(manager),
      curve_(curve),
      settings_(settings),
      journal_(journal),
      observer_(observer),
      workers_(1),
      noise_(settings.seed, Purpose::fault, settings.incarnation, 0),
      now_(settings.first_time),
      manager_free_(settings.first_time),
      input_time_(settings.first_time),
      sequence_(settings.first_sequence) {
    report_.body = LeaseReported{};
    std::get<LeaseReported>(report_.body).rows.resize(1);
}

void Simulation::start() {
    feed(IncarnationStarted{settings_.incarnation, settings_.workers});
    if (settings_.incarnation > 0 && settings_.faults.missing_durable > 0) {
        for (const auto snapshot : manager_.durable_snapshots()) {
            if (chance(settings_.faults.missing_durable)) feed(SnapshotMissing{snapshot});
        }
    }
    for (std::uint32_t worker = 0; worker < settings_.workers; ++worker) events_.push(SimEvent::join, now_, 0);
    for (std::uint32_t index = 0; index < settings_.script.size(); ++index) {
        const double when = settings_.script[index].first;
        if (when >= now_) events_.push(SimEvent::script, when, 0, index);
    }
}

SimulationResult Simulation::run() {
    const auto began = std::chrono::steady_clock::now();
    start();
    while (!killed_ && !events_.empty()) {
        const auto event = events_.pop();
        if (event.time > settings_.max_seconds) {
            advance(settings_.max_seconds);
            killed_ = true;
            break;
        }
        // After the end only messages to the manager still arrive.
        if (result_.ended && event.kind() != SimEvent::message_arrives && event.kind() != SimEvent::worker_lost)
            continue;
        advance(event.time);
        handle(event);
    }
    result_.stalled = !result_.ended && !killed_;
    finish();
    result_.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    return std::move(result_);
}

void Simulation::finish() {
    result_.inputs = sequence_ - settings_.first_sequence;
    result_.next_sequence = sequence_;
    result_.seconds = result_.ended ? input_time_ : std::max(now_, input_time_);
    result_.totals = manager_.totals();
    result_.best = manager_.best();
    result_.rungs = manager_.scheduler().rungs();
    result_.manager_bytes = manager_.memory_bytes();
    result_.simulator_bytes = events_.memory_bytes() + leases_.memory_bytes() + messages_.memory_bytes() +
                              controls_.memory_bytes() + places_.memory_bytes() +
                              workers_.capacity() * sizeof(SimulatedWorker);
}

void Simulation::advance(double time) {
    const double elapsed = time - now_;
    busy_seconds_ += elapsed * busy_;
    available_seconds_ += elapsed * alive_;
    now_ = time;
}

void Simulation::handle(const AgendaItem& event) {
    switch (event.kind()) {
        case SimEvent::join:
            join();
            return;
        case SimEvent::lease_arrives:
            lease_arrives(event.worker, event.index);
            return;
        case SimEvent::control_arrives:
            control_arrives(event.worker, event.index);
            return;
        case SimEvent::training_ends:
            training_ends(event);
            return;
        case SimEvent::bulk_arrives:
        case SimEvent::nothing_arrives:
            bulk_arrives(event);
            return;
        case SimEvent::loaded:
            if (workers_[event.worker].alive && leases_[event.index].lease.value == event.id) {
                leases_[event.index].ready = true;
                start_next(event.worker);
            }
            return;
        case SimEvent::persist_ends:
            persist_ends(event.worker, {event.id}, event.index != 0);
            return;
        case SimEvent::message_arrives:
            message_arrives(event.index, event.worker);
            return;
        case SimEvent::death:
            dies(event.worker);
            return;
        case SimEvent::false_alarm:
            if (!workers_[event.worker].counted) return;
            ++result_.false_alarms;
            stop_counting(workers_[event.worker]);
            feed(WorkerLost{{event.worker}, "no heartbeat"});
            return;
        case SimEvent::worker_lost:
            feed(WorkerLost{{event.worker}, "no heartbeat"});
            if (settings_.faults.respawn_seconds > 0) {
                events_.push(SimEvent::join, now_ + settings_.faults.respawn_seconds, 0);
            }
            return;
        case SimEvent::tick:
            tick_at_ = std::numeric_limits<double>::infinity();
            if (manager_.next_deadline() <= now_) {
                feed(Ticked{});
            } else {
                arm_tick();
            }
            return;
        case SimEvent::script:
            feed(settings_.script[event.index].second);
            return;
        case SimEvent::fit_done:
            fit_done(event.id);
            return;
    }
}

// ---- to the manager ----------------------------------------------------------------------------------------------

void Simulation::message_arrives(std::uint32_t index, std::uint32_t slot) {
    const auto message = messages_[index];
    messages_.remove(index);
    const WorkerId worker{slot};
    switch (message.kind) {
        case SimulatedMessage::Kind::join:
            feed(WorkerJoined{worker, host_of(slot), "cpu", settings_.snapshot_quota});
            return;
        case SimulatedMessage::Kind::report:
            feed_report(message, worker);
            return;
        case SimulatedMessage::Kind::failure:
            feed(LeaseFailed{worker, {message.id}, message.failure, "simulated", "", message.reached, message.seconds});
            return;
        case SimulatedMessage::Kind::persisted:
            feed(SnapshotPersisted{{message.id}, message.ok, message.ok ? "" : "simulated"});
            return;
        case SimulatedMessage::Kind::transfer_done:
            feed(TransferDone{{message.id}});
            return;
        case SimulatedMessage::Kind::transfer_failed:
            feed(TransferFailed{{message.id}});
            return;
    }
}

std::string Simulation::host_of(std::uint32_t slot) const {
    if (settings_.workers_per_host == 0) return "simulated";
    return "node" + std::to_string((slot - 1) / settings_.workers_per_host);
}

void Simulation::feed_report(const SimulatedMessage& message, WorkerId worker) {
    auto& report = std::get<LeaseReported>(report_.body);
    report.worker = worker;
    report.lease = {message.id};
    report.reached = message.reached;
    report.seconds = message.seconds;
    report.snapshot_bytes = 0;
    if (message.reached == message.from) {
        report.rows.clear();
    } else {
        report.snapshot_bytes = settings_.snapshot_bytes;
        report.rows.resize(1);
        auto& row = report.rows.front();
        row.resource = message.reached;
        row.values.clear();
        const auto view = manager_.member(message.member);
        if (settings_.path) {
            settings_.path->train(message.start, snapshot_of(report.lease), view.configuration, message.from,
                                  message.reached, row.values);
        } else {
            curve_(message.member, view.configuration, manager_.training_seed(message.member), message.reached,
                   row.values);
        }
        if (message.nonfinite) row.values[settings_.metric] = std::numeric_limits<double>::quiet_NaN();
        note_report(report, message);
    }
    input_.body.swap(report_.body);
    feed_input();
    input_.body.swap(report_.body);
}

void Simulation::note_report(const LeaseReported& report, const SimulatedMessage& message) {
    if (settings_.full_resource > 0 && message.reached >= settings_.full_resource) {
        ++result_.completed;
        if (!result_.first_completed) result_.first_completed = now_;
    }
    if (!settings_.target || result_.target_reached) return;
    const double metric = report.rows.front().values[settings_.metric];
    if (settings_.maximise ? metric >= *settings_.target : metric <= *settings_.target) result_.target_reached = now_;
}

void Simulation::feed(InputBody body) {
    input_.body = std::move(body);
    feed_input();
}

void Simulation::feed_input() {
    if (killed_) return;
    if (sequence_ >= settings_.max_inputs) {
        killed_ = true;
        return;
    }
    input_time_ = std::max(now_, manager_free_);
    manager_free_ = input_time_ + settings_.manager_seconds;
    input_.sequence = sequence_++;
    input_.time = input_time_;
    effects_.clear();
    manager_.on(input_, effects_);
    journal_.append(input_, effects_);
    journal_.commit();
    if (observer_ != nullptr) observer_->on(input_, effects_);
    for (const auto& effect : effects_) apply(effect);
    if (result_.ended) return;
    arm_tick();
    arm_fits();
}

void Simulation::arm_fits() {
    for (const auto& wanted : manager_.wanted_fits()) {
        if (wanted.number < next_fit_) continue;
        next_fit_ = wanted.number + 1;
        events_.push(SimEvent::fit_done, std::max(now_, manager_free_) + settings_.fit_seconds, 0, 0, wanted.number);
    }
}

void Simulation::fit_done(std::uint64_t number) {
    for (const auto& wanted : manager_.wanted_fits()) {
        if (wanted.number != number) continue;
        feed(ModelFitted{number, wanted.fit->run()});
        return;
    }
}

void Simulation::arm_tick() {
    const double deadline = manager_.next_deadline();
    if (deadline >= tick_at_) return;
    tick_at_ = deadline;
    events_.push(SimEvent::tick, std::max(deadline, now_), 0);
}

// ---- from the manager --------------------------------------------------------------------------------------------

void Simulation::apply(const Effect& effect) {
    using Kind = SimulatedControl::Kind;
    if (const auto* assign = std::get_if<Assign>(&effect)) {
        send_lease(*assign);
    } else if (const auto* serve = std::get_if<Serve>(&effect)) {
        send_control(serve->owner, {Kind::serve, serve->transfer.value, serve->snapshot,
                                    static_cast<std::uint32_t>(serve->receiver.value)});
    } else if (const auto* copy = std::get_if<Replicate>(&effect)) {
        send_control(copy->worker, {Kind::fetch, copy->transfer.value, copy->snapshot, 0});
    } else if (const auto* abort = std::get_if<AbortTransfer>(&effect)) {
        send_control(abort->worker, {Kind::abort, abort->transfer.value, {}, 0});
    } else if (const auto* drop = std::get_if<Drop>(&effect)) {
        send_control(drop->worker, {Kind::drop, drop->snapshot.value, {}, 0});
    } else if (const auto* persist = std::get_if<Persist>(&effect)) {
        send_control(persist->worker, {Kind::persist, persist->snapshot.value, {}, 0});
    } else if (const auto* cancelled = std::get_if<Cancel>(&effect)) {
        send_control(cancelled->worker, {Kind::cancel, cancelled->lease.value, {}, 0});
    } else if (const auto* dismiss = std::get_if<Dismiss>(&effect)) {
        send_control(dismiss->worker, {Kind::dismiss, 0, {}, 0});
    } else if (const auto* end = std::get_if<Ended>(&effect)) {
        result_.ended = true;
        result_.reason = end->reason;
    }
}

double Simulation::delivery(double& last) {
    double time = std::max(now_, manager_free_) + settings_.message_seconds;
    if (chance(settings_.faults.delay)) time += -std::log1p(-noise_.uniform()) * settings_.faults.delay_seconds;
    last = std::max(last, time);
    return last;
}

void Simulation::send_lease(const Assign& assign) {
    ++result_.decisions;
    result_.busy_seconds = busy_seconds_;
    result_.available_seconds = available_seconds_;
    const auto worker = static_cast<std::uint32_t>(assign.worker.value);
    if (chance(settings_.faults.lose_lease)) {
        ++result_.messages_lost;
        return;
    }
    SimulatedLease lease;
    lease.lease = assign.lease;
    lease.member = assign.member;
    lease.from = assign.from;
    lease.to = assign.to;
    lease.source = assign.source;
    const auto index = leases_.add(lease);
    events_.push(SimEvent::lease_arrives, delivery(workers_[worker].last_in), worker, index);
}

void Simulation::send_control(WorkerId worker, SimulatedControl control) {
    const auto slot = static_cast<std::uint32_t>(worker.value);
    const auto index = controls_.add(control);
    events_.push(SimEvent::control_arrives, delivery(workers_[slot].last_in), slot, index);
}

SimulationResult simulate(Manager& manager, const LearningCurve& curve, const SimulationSettings& settings,
                          Journal& journal, SimulationObserver* observer) {
    return Simulation(manager, curve, settings, journal, observer).run();
}

}  // namespace stemma
