// The workers' end: real machines, with simulated training threads, wires and disks.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "simulator/simulation.hpp"

namespace stemma {

void Simulation::join() {
    const auto worker = static_cast<std::uint32_t>(workers_.size());
    workers_.emplace_back();
    workers_.back().machine = Worker({.transfer_timeout = settings_.transfer_timeout});
    workers_.back().last_in = workers_.back().last_out = now_;
    ++alive_;
    arm(SimEvent::death, settings_.faults.death_per_second, worker, 2);
    arm(SimEvent::false_alarm, settings_.faults.false_alarm_per_second, worker, 3);
    feed_worker(worker, worker::Started{{.host = host_of(worker),
                                         .device = "cpu",
                                         .description = "simulated",
                                         .snapshot_quota = settings_.snapshot_quota}});
}

std::string Simulation::host_of(std::uint32_t slot) const {
    if (settings_.workers_per_host == 0) return "simulated";
    return "node" + std::to_string((slot - 1) / settings_.workers_per_host);
}

void Simulation::arm(SimEvent kind, double rate, std::uint32_t worker, std::uint64_t purpose) {
    if (rate <= 0) return;
    Stream stream(settings_.seed, Purpose::fault, worker, purpose + 4 * std::uint64_t{settings_.incarnation});
    events_.push(kind, now_ - std::log1p(-stream.uniform()) / rate, worker);
}

void Simulation::told(std::uint32_t slot, std::uint32_t index) {
    auto message = to_workers_.take(index);
    if (!workers_[slot].alive) return;
    if (std::holds_alternative<message::Dismiss>(message)) stop_counting(workers_[slot]);
    if (const auto* serve = std::get_if<message::Serve>(&message)) {
        if (chance(settings_.faults.lose_snapshot))
            feed_worker(slot, message::ToWorker{message::Drop{serve->snapshot}});
    }
    feed_worker(slot, std::move(message));
}

void Simulation::feed_worker(std::uint32_t slot, worker::Input&& input) {
    auto outputs = std::exchange(outputs_, {});  // acting on one may feed another worker
    workers_[slot].machine.on(now_, std::move(input), outputs);
    for (auto& output : outputs) std::visit([&](auto& each) { act(slot, each); }, output);
    outputs.clear();
    outputs_ = std::move(outputs);
}

void Simulation::act(std::uint32_t worker, message::ToManager& message) {
    if (auto* report = std::get_if<message::Report>(&message)) {
        if (report->snapshot_bytes > 0) report->snapshot_bytes = settings_.snapshot_bytes;
    }
    const bool failure = std::holds_alternative<message::Failure>(message);
    if (failure) ++result_.dropped;
    if ((failure || std::holds_alternative<message::Report>(message)) && chance(settings_.faults.lose_report)) {
        ++result_.messages_lost;
        return;
    }
    const bool once = std::holds_alternative<message::Hello>(message);
    auto& last = workers_[worker].last_out;
    double time = now_ + settings_.message_seconds;
    if (chance(settings_.faults.delay)) time += -std::log1p(-noise_.uniform()) * settings_.faults.delay_seconds;
    last = std::max(last, time);
    const auto index = to_manager_.add(std::move(message));
    events_.push(SimEvent::message_arrives, last, worker, index);
    if (once || !chance(settings_.faults.duplicate)) return;
    ++result_.messages_duplicated;
    events_.push(SimEvent::message_arrives, last, worker, to_manager_.add(to_manager_[index]));
}

// ---- training ----------------------------------------------------------------------------------------------------

void Simulation::act(std::uint32_t slot, worker::Train& job) {
    workers_[slot].trainings.push_back(std::move(job));
    start_next(slot);
}

void Simulation::start_next(std::uint32_t slot) {
    auto& worker = workers_[slot];
    while (!worker.training && !worker.trainings.empty()) {
        const auto& job = worker.trainings.front();
        if (std::erase(worker.stopped, job.lease) > 0) {
            worker::Report nothing{job.lease, job.from, 0, {}, nullptr};
            worker.trainings.erase(worker.trainings.begin());
            feed_worker(slot, std::move(nothing));
            continue;
        }
        worker.training = true;
        if (worker.counted) ++busy_;
        worker.began = now_ + (job.from_disk.exists() ? settings_.load_seconds : 0);
        worker.to = job.to;
        worker.outcome = draw_outcome(settings_, job.lease, job.to - job.from);
        if (settings_.region) apply_region(job, worker.outcome);
        worker.ending = events_.push(SimEvent::training_ends, worker.began + worker.outcome.seconds, slot);
    }
}

void Simulation::apply_region(const worker::Train& job, LeaseOutcome& outcome) const {
    const auto kind = settings_.region(job.configuration, job.to);
    if (kind == FailureKind::none) return;
    outcome.failure = kind;
    // Refused before training; else the first unit is not finished.
    outcome.seconds = kind == FailureKind::infeasible ? 0 : 0.5 * outcome.seconds_per_unit;
}

void Simulation::act(std::uint32_t slot, const worker::Cancel& stop) {
    auto& worker = workers_[slot];
    if (!worker.training || worker.trainings.front().lease != stop.lease) {
        if (std::find(worker.stopped.begin(), worker.stopped.end(), stop.lease) == worker.stopped.end())
            worker.stopped.push_back(stop.lease);
        return;
    }
    // It ends at the next boundary of a unit, unless it is over before.
    auto& outcome = worker.outcome;
    const double unit = outcome.seconds_per_unit;
    const auto from = worker.trainings.front().from;
    const auto boundary = std::max<Resource>(1, static_cast<Resource>(std::ceil((now_ - worker.began) / unit)));
    if (from + boundary >= worker.to || unit * static_cast<double>(boundary) >= outcome.seconds) return;
    worker.to = from + boundary;
    outcome.seconds = unit * static_cast<double>(boundary);
    outcome.failure = FailureKind::none;
    worker.ending = events_.push(SimEvent::training_ends, std::max(now_, worker.began + outcome.seconds), slot);
}

void Simulation::training_ends(std::uint32_t slot, std::uint64_t order) {
    auto& worker = workers_[slot];
    if (!worker.alive || !worker.training || worker.ending != order) return;
    const auto job = std::move(worker.trainings.front());
    worker.machine.prefetch(snapshot_of(job.lease));
    const auto outcome = worker.outcome;
    const double seconds = now_ - worker.began;
    const auto reached = worker.to;
    stop_training(worker);
    worker.trainings.erase(worker.trainings.begin());
    if (outcome.failure != FailureKind::none) {
        const auto units = static_cast<Resource>(seconds / outcome.seconds_per_unit);
        feed_worker(slot,
                    worker::Failure{
                        job.lease, {outcome.failure, "simulated", "", std::min(job.to, job.from + units)}, seconds});
    } else {
        feed_worker(slot, trained(job, reached, seconds, outcome.nonfinite_metric));
    }
    start_next(slot);
}

worker::Report Simulation::trained(const worker::Train& job, Resource reached, double seconds, bool nonfinite) {
    SnapshotId start = job.from_disk;
    if (job.start) {
        SnapshotContent content;
        std::memcpy(&content, job.start->data(), sizeof(content));
        ensure(content.resource == job.from && (content.member != job.member) == job.adopted,
               "a worker hands the right snapshot to its trainer");
        start = content.id;
    }
    worker::Report report{job.lease, reached, seconds, {}, nullptr};
    report.rows.emplace_back().resource = reached;
    auto& values = report.rows.front().values;
    if (settings_.path) {
        settings_.path->train(start, snapshot_of(job.lease), job.configuration, job.from, reached, values);
    } else {
        curve_(job.member, job.configuration, job.seed, reached, values);
    }
    if (nonfinite) values[settings_.metric] = std::numeric_limits<double>::quiet_NaN();
    if (settings_.snapshot_bytes == 0) return report;
    report.snapshot = simulated({snapshot_of(job.lease), job.member, reached});
    return report;
}

SharedBytes Simulation::simulated(const SnapshotContent& content) {
    // Snapshots of a block live as long as one of them does. Blocks are small, so that few outlive their use.
    if (!contents_ || contents_used_ == contents_->size()) {
        contents_ = std::make_shared<ContentBlock>();
        contents_used_ = 0;
    }
    auto& bytes = (*contents_)[contents_used_++];
    bytes.resize(sizeof(content));
    std::memcpy(bytes.data(), &content, sizeof(content));
    return {contents_, &bytes};
}

// ---- snapshots ---------------------------------------------------------------------------------------------------

void Simulation::act(std::uint32_t slot, const worker::SendBulk& send) {
    auto& bulk = bulks_[send.transfer.value];
    bulk.owner = slot;
    bulk.content = *send.content;
    if (chance(settings_.faults.lose_transfer)) return;
    const double bytes = bulk.content.empty() ? 0 : static_cast<double>(settings_.snapshot_bytes);
    events_.push(SimEvent::bulk_arrives, now_ + settings_.message_seconds + bytes / settings_.bytes_per_second,
                 static_cast<std::uint32_t>(send.to), slot, send.transfer.value);
}

void Simulation::act(std::uint32_t slot, const worker::ReceiveBulk& receive) {
    auto& bulk = bulks_[receive.transfer.value];
    bulk.expected = true;
    if (bulk.arrived) return deliver(slot, receive.transfer);
    if (settings_.transfer_timeout > 0) {
        constexpr double a_little_later = 1e-3;  // than the time that the worker allows the snapshot's few bytes
        events_.push(SimEvent::transfer_is_late, now_ + settings_.transfer_timeout + a_little_later, slot);
    }
}

void Simulation::bulk_arrives(std::uint32_t slot, std::uint32_t owner, TransferId transfer) {
    const auto found = bulks_.find(transfer.value);
    // Where the owner has given it up meanwhile, only what the receiver expects is left.
    if (found == bulks_.end() || found->second.owner != owner) return;
    if (!workers_[slot].alive || !workers_[owner].alive) {
        bulks_.erase(found);
        return;
    }
    found->second.arrived = true;
    if (found->second.expected) deliver(slot, transfer);
}

void Simulation::deliver(std::uint32_t slot, TransferId transfer) {
    auto bulk = std::move(bulks_.extract(transfer.value).mapped());
    if (workers_[bulk.owner].alive) feed_worker(bulk.owner, BulkSent{transfer});
    feed_worker(slot, BulkArrived{transfer, std::move(bulk.content)});
}

void Simulation::act(std::uint32_t slot, const worker::AbortTransfer& abandon) {
    const auto found = bulks_.find(abandon.transfer.value);
    if (found == bulks_.end()) return;
    if (found->second.owner == slot && found->second.expected) {
        found->second.content.clear();  // the receiver may find it empty before it is told
    } else {
        bulks_.erase(found);
    }
}

void Simulation::act(std::uint32_t slot, const worker::Persist& job) {
    events_.push(SimEvent::persist_ends, now_ + settings_.persist_seconds, slot, 0, job.snapshot.value);
}

void Simulation::persist_ends(std::uint32_t slot, SnapshotId snapshot) {
    if (!workers_[slot].alive) return;
    const bool ok = !chance(settings_.faults.persist_failure);
    feed_worker(slot, worker::Persisted{snapshot, ok, ok ? "" : "simulated"});
}

// ---- the end of a worker -----------------------------------------------------------------------------------------

void Simulation::act(std::uint32_t slot, const worker::Left&) {
    stop_counting(workers_[slot]);
    workers_[slot].alive = false;
}

void Simulation::stop_counting(SimulatedWorker& worker) {
    if (!worker.counted) return;
    worker.counted = false;
    --alive_;
    if (worker.training) --busy_;
}

void Simulation::stop_training(SimulatedWorker& worker) {
    worker.training = false;
    if (worker.counted) --busy_;
}

void Simulation::dies(std::uint32_t slot) {
    auto& worker = workers_[slot];
    if (!worker.alive || !worker.counted) return;
    ++result_.deaths;
    stop_counting(worker);
    worker = {.alive = false, .counted = false};
    events_.push(SimEvent::worker_lost, now_ + settings_.faults.detection_seconds, slot);
}

void Simulation::tell_peers(std::uint32_t gone) {
    if (settings_.faults.peer_gone == 0) return;
    for (std::uint32_t slot = 1; slot < workers_.size(); ++slot) {
        if (!workers_[slot].alive || !chance(settings_.faults.peer_gone)) continue;
        feed_worker(slot, PeerGone{static_cast<int>(gone)});
    }
}

std::size_t Simulation::memory_bytes() const {
    constexpr std::size_t bytes_a_content = sizeof(Bytes) + 32;  // the allocation of its bytes
    std::size_t held = 0;
    for (const auto& worker : workers_) {
        held += worker.machine.memory_bytes() + worker.machine.snapshots() * bytes_a_content;
    }
    return events_.memory_bytes() + to_workers_.memory_bytes() + to_manager_.memory_bytes() +
           workers_.capacity() * sizeof(SimulatedWorker) + held;
}

}  // namespace stemma
