#include "worker/worker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/error.hpp"

namespace stemma {
namespace {

/// Cuts at a boundary of UTF-8 characters, so that the stored text stays valid.
void cut(std::string& text) {
    if (text.size() <= message_text_max) return;
    auto end = message_text_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    text.resize(end);
}

/// A report must fit into one frame. A trainer whose unit is the optimizer step may return thousands of rows.
void thin(std::vector<MetricRow>& rows) {
    if (rows.empty()) return;
    const auto row_bytes = sizeof(Resource) + sizeof(std::uint32_t) + rows.back().values.size() * sizeof(double);
    const auto fit = std::max<std::size_t>(1, report_bytes_max / row_bytes);
    if (rows.size() <= fit) return;
    const auto stride = (rows.size() + fit - 1) / fit;
    std::vector<MetricRow> kept;
    for (auto i = (rows.size() - 1) % stride; i < rows.size(); i += stride) kept.push_back(std::move(rows[i]));
    rows = std::move(kept);
}

}  // namespace

void Worker::on(double time, worker::Input&& input, worker::Outputs& out) {
    ensure(time >= now_, "a worker's time went back");
    now_ = time;
    if (state_ == State::left) return;
    ensure((state_ == State::new_born) == std::holds_alternative<worker::Started>(input),
           "a worker is started once, first");
    out_ = &out;
    std::visit([this](auto& i) { take(i); }, input);
    leave_if_done();
    out_ = nullptr;
}

void Worker::say(message::ToManager message) {
    out_->emplace_back(std::move(message));
    last_said_ = now_;
}

// ---- events of this process ----------------------------------------------------------------------------------------

void Worker::take(worker::Started& input) {
    state_ = State::working;
    last_heard_ = now_;
    say(std::move(input.hello));
}

void Worker::take(message::ToWorker& input) {
    last_heard_ = now_;
    heard_ = true;
    std::visit([this](auto& message) { obey(message); }, input);
}

void Worker::take(worker::Report& input) {
    const auto found = leases_.find(input.lease);
    if (found == leases_.end()) return;
    std::uint64_t bytes = 0;
    if (input.snapshot) {
        bytes = input.snapshot->size();
        keep(snapshot_of(input.lease), {std::move(input.snapshot), found->second.member, input.reached});
    }
    leases_.erase(found);
    std::erase(order_, input.lease);
    thin(input.rows);
    say(message::Report{input.lease, input.reached, input.seconds, bytes, std::move(input.rows), input.processes});
}

void Worker::take(worker::Failure& input) {
    if (leases_.erase(input.lease) == 0) return;
    std::erase(order_, input.lease);
    auto& failure = input.failure;
    cut(failure.type);
    cut(failure.message);
    say(message::Failure{input.lease, failure.kind, std::move(failure.type), std::move(failure.message),
                         failure.reached, input.seconds});
}

void Worker::take(worker::Progress& input) {
    const auto found = leases_.find(input.lease);
    if (found == leases_.end()) return;
    found->second.reached = input.row.resource;
    if (now_ - found->second.last_progress < settings_.progress_interval) return;
    found->second.last_progress = now_;
    say(message::Progress{input.lease, std::move(input.row), input.number});
}

void Worker::take(worker::Persisted& input) {
    ensure(persisting_ > 0, "a durable copy was written without a request");
    --persisting_;
    cut(input.message);
    say(message::Persisted{input.snapshot, input.ok, std::move(input.message)});
}

void Worker::take(BulkArrived& input) {
    const auto found = fetches_.find(input.transfer);
    if (found == fetches_.end()) return;
    const auto fetch = found->second;
    fetches_.erase(found);
    if (input.content.size() != fetch.bytes) {
        if (!fetch.lease.exists()) return say(message::TransferFailed{input.transfer});
        lose_start(fetch.lease, "worker " + std::to_string(fetch.owner) + " has no snapshot " +
                                    std::to_string(fetch.snapshot.value) + " (any more)");
        return;
    }
    auto content = std::make_shared<const Bytes>(std::move(input.content));
    keep(fetch.snapshot, {content, fetch.member, fetch.resource});
    say(message::TransferDone{input.transfer});
    if (const auto lease = leases_.find(fetch.lease); lease != leases_.end()) {
        const auto grant = std::move(lease->second.grant);
        start(lease->second, std::move(*grant), std::move(content));
    }
}

void Worker::take(BulkSent& input) { serving_.erase(input.transfer); }

void Worker::take(PeerGone& input) {
    peers_lost_ = true;
    if (input.peer == 0) return leave_without_manager();
    for (auto it = fetches_.begin(); it != fetches_.end();) {
        const auto next = std::next(it);
        if (it->second.owner == input.peer) end_fetch(it, "worker " + std::to_string(input.peer) + " is gone");
        it = next;
    }
    std::erase_if(serving_, [&](const auto& entry) {
        if (entry.second != input.peer) return false;
        out_->emplace_back(worker::AbortTransfer{entry.first});
        return true;
    });
}

void Worker::take(worker::Ticked&) {
    const double longest =
        heard_ ? settings_.manager_timeout : std::max(settings_.manager_timeout, settings_.manager_start_timeout);
    if (settings_.manager_timeout > 0 && now_ - last_heard_ > longest) return leave_without_manager();
    if (settings_.transfer_timeout > 0) end_late_fetches();
    if (now_ - last_said_ < settings_.heartbeat) return;
    message::Heartbeat beat;
    if (!order_.empty()) {
        beat.lease = order_.front();
        beat.reached = leases_.at(beat.lease).reached;
    }
    say(beat);
}

// ---- messages of the manager ---------------------------------------------------------------------------------------

void Worker::obey(message::Train& message) {
    if (state_ != State::working) return;
    const auto id = message.lease;
    const auto [entry, is_new] = leases_.try_emplace(id);
    if (!is_new) return;
    auto& lease = entry->second;
    auto& grant = message;
    lease.member = grant.member;
    lease.from = lease.reached = grant.from;
    switch (grant.start) {
        case message::StartFrom::scratch:
        case message::StartFrom::disk:
            return start(lease, std::move(grant), nullptr);
        case message::StartFrom::local: {
            const auto* held = snapshots_.find(grant.snapshot);
            if (held != nullptr) return start(lease, std::move(grant), held->content);
            return lose_start(id,
                              "snapshot " + std::to_string(grant.snapshot.value) + " is not in this worker's memory");
        }
        case message::StartFrom::peer: {
            lease.state = LeaseState::fetching;
            const auto owner = static_cast<int>(grant.owner.value);
            fetches_.emplace(grant.transfer,
                             Fetch{id, grant.member, grant.snapshot, grant.from, grant.bytes, owner, now_});
            out_->emplace_back(worker::ReceiveBulk{owner, grant.transfer, grant.bytes});
            lease.grant = std::make_unique<message::Train>(std::move(grant));
            return;
        }
    }
}

void Worker::obey(message::Serve& message) {
    if (state_ != State::working) return;
    const auto* held = snapshots_.find(message.snapshot);
    // Zero bytes tell the receiver not to wait.
    auto content = held != nullptr ? held->content : std::make_shared<const Bytes>();
    const auto to = static_cast<int>(message.receiver.value);
    if (!serving_.emplace(message.transfer, to).second) return;
    out_->emplace_back(worker::SendBulk{to, message.transfer, std::move(content)});
}

void Worker::obey(message::AbortTransfer& message) {
    if (serving_.erase(message.transfer) > 0) out_->emplace_back(worker::AbortTransfer{message.transfer});
    if (const auto fetch = fetches_.find(message.transfer); fetch != fetches_.end()) {
        end_fetch(fetch, "the transfer of snapshot " + std::to_string(fetch->second.snapshot.value) + " was given up");
    }
}

void Worker::obey(message::Drop& message) {
    const auto* held = snapshots_.find(message.snapshot);
    if (held == nullptr) return;
    snapshot_bytes_ -= held->content->size();
    snapshots_.erase(message.snapshot);
}

void Worker::obey(message::Persist& message) {
    const auto* held = snapshots_.find(message.snapshot);
    if (held == nullptr) {
        return say(message::Persisted{message.snapshot, false, "the snapshot is not in this worker's memory"});
    }
    ++persisting_;
    out_->emplace_back(worker::Persist{message.snapshot, held->member, held->resource, held->content});
}

void Worker::obey(message::Replicate& message) {
    if (state_ != State::working) return;
    const auto owner = static_cast<int>(message.owner.value);
    const Fetch copy{LeaseId::none(), message.member, message.snapshot, message.resource, message.bytes, owner, now_};
    if (!fetches_.emplace(message.transfer, copy).second) return;
    out_->emplace_back(worker::ReceiveBulk{owner, message.transfer, message.bytes});
}

void Worker::obey(message::Cancel& message) {
    const auto found = leases_.find(message.lease);
    if (found == leases_.end()) return;
    if (found->second.state == LeaseState::started) {
        out_->emplace_back(worker::Cancel{message.lease});
        return;
    }
    // Its snapshot is still in transfer and stays useful. The training never starts.
    const auto from = found->second.from;
    leases_.erase(found);
    say(message::Report{message.lease, from, 0, 0, {}});
}

void Worker::obey(message::Dismiss& message) {
    peers_lost_ = peers_lost_ || message.peers_lost;
    if (state_ == State::leaving) return;
    state_ = State::leaving;
    for (const auto id : order_) out_->emplace_back(worker::Cancel{id});
    for (const auto& [transfer, fetch] : fetches_) out_->emplace_back(worker::AbortTransfer{transfer});
    for (const auto& [transfer, to] : serving_) out_->emplace_back(worker::AbortTransfer{transfer});
    order_.clear();
    leases_.clear();
    fetches_.clear();
    serving_.clear();
}

// ---- steps of several answers ------------------------------------------------------------------------------------

void Worker::start(Lease& lease, message::Train&& grant, SharedBytes content) {
    lease.state = LeaseState::started;
    order_.push_back(grant.lease);
    const auto from_disk = grant.start == message::StartFrom::disk ? grant.snapshot : SnapshotId::none();
    out_->emplace_back(worker::Train{grant.lease, grant.member, grant.seed, grant.from, grant.to, grant.max,
                                     grant.adopted, std::move(grant.configuration),
                                     std::move(grant.parent_configuration), std::move(content), from_disk,
                                     grant.retried});
}

void Worker::lose_start(LeaseId lease, std::string why) {
    const auto found = leases_.find(lease);
    if (found == leases_.end()) return;
    const auto reached = found->second.from;
    leases_.erase(found);
    say(message::Failure{lease, FailureKind::snapshot_unavailable, "snapshot", std::move(why), reached, 0});
}

void Worker::end_fetch(std::map<TransferId, Fetch>::iterator fetch, std::string why) {
    const auto lease = fetch->second.lease;
    out_->emplace_back(worker::AbortTransfer{fetch->first});
    fetches_.erase(fetch);
    lose_start(lease, std::move(why));
}

void Worker::end_late_fetches() {
    for (auto it = fetches_.begin(); it != fetches_.end();) {
        const auto fetch = it++;
        const auto& waited = fetch->second;
        const double allowed = settings_.transfer_timeout + static_cast<double>(waited.bytes) / slowest_bytes;
        if (now_ - waited.since <= allowed) continue;
        const auto transfer = fetch->first;
        const bool second_copy = !waited.lease.exists();
        end_fetch(fetch, fmt::format("snapshot {} did not come from worker {} within {:.0f} s: is there a network path "
                                     "between the two hosts?",
                                     waited.snapshot.value, waited.owner, allowed));
        // The owner sends one at a time: its others wait for this one.
        if (second_copy) say(message::TransferLate{transfer});
    }
}

void Worker::keep(SnapshotId id, Held held) {
    snapshot_bytes_ += held.content->size();
    auto& place = snapshots_[id];
    if (place.content) snapshot_bytes_ -= place.content->size();
    place = std::move(held);
}

void Worker::leave_if_done() {
    if (state_ != State::leaving || persisting_ > 0) return;
    state_ = State::left;
    say(message::Goodbye{});
    out_->emplace_back(worker::Left{peers_lost_, false});
}

void Worker::leave_without_manager() {
    if (state_ == State::left) return;
    state_ = State::left;
    out_->emplace_back(worker::Left{true, true});
}

}  // namespace stemma
