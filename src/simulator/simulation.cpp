#include "simulator/simulation.hpp"

#include <chrono>
#include <cmath>

#include "core/rng.hpp"
#include "runtime/inbox.hpp"
#include "runtime/outbox.hpp"

namespace stemma {

Simulation::Simulation(Manager& manager, const LearningCurve& curve, const SimulationSettings& settings,
                       record::Journal& journal, SimulationObserver* observer)
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
      sequence_(settings.first_sequence) {}

void Simulation::start() {
    feed(input::IncarnationStarted{settings_.incarnation, settings_.workers});
    if (settings_.incarnation > 0 && settings_.faults.missing_durable > 0) {
        for (const auto snapshot : manager_.durable_snapshots()) {
            if (chance(settings_.faults.missing_durable)) feed(input::SnapshotMissing{snapshot});
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
        events_.peek([this](const AgendaItem& next) { prefetch(next); });
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

void Simulation::prefetch(const AgendaItem& next) const {
    // Thousands of workers do not fit into the caches, and their events come in no order.
    constexpr std::size_t line = 64;
    const auto* worker = reinterpret_cast<const char*>(&workers_[next.worker]);
    for (std::size_t at = 0; at < 6 * line; at += line) __builtin_prefetch(worker + at);
}

void Simulation::finish() {
    result_.inputs = sequence_ - settings_.first_sequence;
    result_.next_sequence = sequence_;
    result_.seconds = result_.ended ? input_time_ : std::max(now_, input_time_);
    result_.totals = manager_.totals();
    result_.best = manager_.best();
    result_.rungs = manager_.scheduler().rungs();
    result_.manager_bytes = manager_.memory_bytes();
    result_.simulator_bytes = memory_bytes();
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
        case SimEvent::told:
            told(event.worker, event.index);
            return;
        case SimEvent::training_ends:
            training_ends(event.worker, event.order());
            return;
        case SimEvent::transfer_is_late:
            if (workers_[event.worker].alive) feed_worker(event.worker, worker::Ticked{});
            return;
        case SimEvent::bulk_arrives:
            bulk_arrives(event.worker, event.index, {event.id});
            return;
        case SimEvent::persist_ends:
            persist_ends(event.worker, {event.id});
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
            feed(input::WorkerLost{{event.worker}, "no heartbeat"});
            return;
        case SimEvent::worker_lost:
            tell_peers(event.worker);
            feed(input::WorkerLost{{event.worker}, "no heartbeat"});
            if (settings_.faults.respawn_seconds > 0) {
                events_.push(SimEvent::join, now_ + settings_.faults.respawn_seconds, 0);
            }
            return;
        case SimEvent::tick:
            tick_at_ = std::numeric_limits<double>::infinity();
            if (manager_.next_deadline() <= now_) {
                feed(input::Ticked{});
            } else {
                arm_tick();
            }
            return;
        case SimEvent::script:
            feed(input::Body(settings_.script[event.index].second));
            return;
        case SimEvent::fit_done:
            fit_done(event.id);
            return;
    }
}

// ---- to the manager ----------------------------------------------------------------------------------------------

void Simulation::message_arrives(std::uint32_t index, std::uint32_t worker) {
    auto message = to_manager_.take(index);
    if (const auto* report = std::get_if<message::Report>(&message)) note_report(*report);
    if (auto input = to_input({worker}, std::move(message))) feed(std::move(*input));
}

void Simulation::note_report(const message::Report& report) {
    if (report.rows.empty()) return;
    if (settings_.full_resource > 0 && report.reached >= settings_.full_resource) {
        ++result_.completed;
        if (!result_.first_completed) result_.first_completed = now_;
    }
    if (!settings_.target || result_.target_reached) return;
    const double metric = report.rows.back().values[settings_.metric];
    if (settings_.maximize ? metric >= *settings_.target : metric <= *settings_.target) result_.target_reached = now_;
}

void Simulation::feed(input::Body&& body) {
    if (killed_) return;
    if (sequence_ >= settings_.max_inputs) {
        killed_ = true;
        return;
    }
    input_time_ = std::max(now_, manager_free_);
    manager_free_ = input_time_ + settings_.manager_seconds;
    input_.sequence = sequence_++;
    input_.time = input_time_;
    input_.body = std::move(body);
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
        feed(input::ModelFitted{number, wanted.timed ? std::vector{settings_.fit_seconds} : wanted.fit->run()});
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
    if (const auto* end = std::get_if<effect::Ended>(&effect)) {
        result_.ended = true;
        result_.reason = end->reason;
    }
    auto addressed = to_message(effect, manager_, false);
    if (!addressed) return;
    if (std::holds_alternative<effect::Train>(effect)) {
        ++result_.decisions;
        result_.busy_seconds = busy_seconds_;
        result_.available_seconds = available_seconds_;
        if (chance(settings_.faults.lose_lease)) {
            ++result_.messages_lost;
            return;
        }
    }
    tell(addressed->worker, std::move(addressed->message));
}

double Simulation::delivery(double& last) {
    double time = std::max(now_, manager_free_) + settings_.message_seconds;
    if (chance(settings_.faults.delay)) time += -std::log1p(-noise_.uniform()) * settings_.faults.delay_seconds;
    last = std::max(last, time);
    return last;
}

void Simulation::tell(WorkerId worker, message::ToWorker message) {
    // A snapshot is as large as its SnapshotContent between workers, and as the settings say for the manager.
    if (auto* grant = std::get_if<message::Train>(&message)) grant->bytes = sizeof(SnapshotContent);
    if (auto* fetch = std::get_if<message::Replicate>(&message)) fetch->bytes = sizeof(SnapshotContent);
    const auto slot = static_cast<std::uint32_t>(worker.value);
    events_.push(SimEvent::told, delivery(workers_[slot].last_in), slot, to_workers_.add(std::move(message)));
}

SimulationResult simulate(Manager& manager, const LearningCurve& curve, const SimulationSettings& settings,
                          record::Journal& journal, SimulationObserver* observer) {
    return Simulation(manager, curve, settings, journal, observer).run();
}

}  // namespace stemma
