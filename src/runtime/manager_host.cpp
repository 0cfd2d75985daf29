#include "runtime/manager_host.hpp"

#include <algorithm>

#include "core/error.hpp"
#include "platform/short_slices.hpp"
#include "runtime/inbox.hpp"
#include "trainer/users_mistake.hpp"
#include "transport/waiting.hpp"

namespace stemma {

namespace {
constexpr std::size_t inputs_per_commit_max = 512;  // bounds the time until the first answer leaves
constexpr double watch_seconds = 0.1;
constexpr double sync_seconds = 1;
// A transport delivers in pieces what has arrived. So many looks must find nothing more before a worker is judged.
constexpr std::uint32_t quiet_receives_before_judging = 32;

/// A pause must stay well below the silence after which a worker is lost.
double longest_pause(const HostSettings& settings) {
    return std::min(AttentiveClock::longest_pause_default, settings.heartbeat_timeout / 4);
}
}  // namespace

ManagerHost::ManagerHost(Endpoint& endpoint, Manager& manager, record::Journal& journal, SnapshotFiles* files,
                         ControlFile* control, HostObserver& observer, HostSettings settings)
    : endpoint_(endpoint),
      manager_(manager),
      journal_(journal),
      files_(files),
      control_(control),
      observer_(observer),
      settings_(std::move(settings)),
      clock_(settings_.time_before, longest_pause(settings_), settings_.clock),
      outbox_(endpoint, settings_.run_id),
      peers_(static_cast<std::size_t>(endpoint.size()), Peer(settings_.run_id)),
      sequence_(settings_.next_sequence),
      last_time_(settings_.time_before) {}

HostResult ManagerHost::run() {
    try {
        search();
    } catch (...) {
        // Without a record the workers may not go on, and should not wait for this rank.
        break_off();
        throw;
    }
    return result_;
}

void ManagerHost::search() {
    prefer_short_slices();
    feed(input::IncarnationStarted{settings_.incarnation, static_cast<std::uint32_t>(endpoint_.size() - 1)});
    for (auto& body : settings_.first) feed(std::move(body));
    for (const auto& request : settings_.waiting) obey(request);
    if (settings_.limits) feed(changed_budget(manager_.budget(), *settings_.limits));
    commit();
    Waiting waiting(endpoint_);
    while (!manager_.ended()) {
        bool active = receive();
        active |= exchange_fits();
        if (clock_.now() >= manager_.next_deadline() && may_judge()) feed(input::Ticked{});
        active |= uncommitted_ > 0;
        commit();
        watch_clock();
        if (active) {
            waiting.active();
        } else {
            waiting.wait();
        }
    }
    say_goodbye();
    forget_late_stops();
    sync_.wait();
    journal_.sync();
    result_.time = clock_.now();
}

void ManagerHost::feed(input::Body body) {
    // After a time limit the job is queued again, after a user's request it is not. The request counts whenever it
    // comes.
    if (const auto* stop = std::get_if<input::StopRequested>(&body);
        stop != nullptr && (!result_.stopped_by || stop->reason == StopReason::user)) {
        result_.stopped_by = stop->reason;
    }
    // A clock that ticks more coarsely than inputs come must not make time go back.
    last_time_ = std::max(last_time_, clock_.now());
    const Input input{sequence_++, last_time_, std::move(body)};
    effects_.clear();
    manager_.on(input, effects_);
    journal_.append(input, effects_);
    ++uncommitted_;
    execute(effects_);
    observer_.on_entry(input, effects_, manager_);
}

void ManagerHost::execute(std::span<const Effect> effects) {
    outbox_.add(effects, manager_);
    for (const auto& effect : effects) {
        if (const auto* erase = std::get_if<effect::Erase>(&effect)) to_erase_.push_back(erase->snapshot);
        if (const auto* ended = std::get_if<effect::Ended>(&effect)) result_.reason = ended->reason;
    }
}

void ManagerHost::commit() {
    if (uncommitted_ > 0) {
        journal_.commit();
        uncommitted_ = 0;
        // Only after the commit: a kill before the commit undoes the decision to erase.
        if (files_ != nullptr) {
            for (const auto snapshot : to_erase_) files_->erase(snapshot);
        }
        to_erase_.clear();
    }
    outbox_.flush();
}

bool ManagerHost::receive() {
    bool any = false;
    while (uncommitted_ < inputs_per_commit_max) {
        auto arrival = endpoint_.poll();
        if (!arrival) {
            ++quiet_receives_;
            return any;
        }
        any = true;
        if (auto* frames = std::get_if<FramesArrived>(&*arrival)) {
            take_frames(frames->from, std::move(frames->frames));
        } else if (const auto* gone = std::get_if<PeerGone>(&*arrival)) {
            auto& peer = peers_[static_cast<std::size_t>(gone->peer)];
            if (!std::exchange(peer.gone, true)) {
                lose({static_cast<std::uint64_t>(gone->peer)}, "the transport says that the rank is gone");
            }
        } else {
            unreachable("no weights go through rank 0");
        }
    }
    quiet_receives_ = 0;
    return any;
}

bool ManagerHost::may_judge() {
    if (std::exchange(pauses_, clock_.pauses()) != pauses_) quiet_receives_ = 0;
    return quiet_receives_ >= quiet_receives_before_judging;
}

bool ManagerHost::exchange_fits() {
    fits_.take(manager_.wanted_fits());
    bool any = false;
    while (auto fitted = fits_.poll()) {
        feed(std::move(*fitted));
        any = true;
    }
    return any;
}

void ManagerHost::take_frames(int from, Bytes frames) {
    auto& peer = peers_[static_cast<std::size_t>(from)];
    peer.heard = clock_.now();
    // Taken for dead, and speaks again (it was frozen). Its leases now belong to others, and only this message tells
    // it.
    if (std::exchange(peer.lost, false)) outbox_.add({static_cast<std::uint64_t>(from)}, message::Dismiss{true});
    std::span<const std::byte> left = frames;
    while (!left.empty()) take_message({static_cast<std::uint64_t>(from)}, peer.frames.next_to_manager(left));
}

void ManagerHost::take_message(WorkerId worker, message::ToManager message) {
    auto& peer = peers_[worker.value];
    if (const auto* progress = std::get_if<message::Progress>(&message)) observer_.on_progress(worker, *progress);
    if (const auto* hello = std::get_if<message::Hello>(&message)) {
        peer.joined = true;
        peer.gone = false;  // a rank that was no longer waited for may join all the same
        observer_.on_hello(worker, *hello);
    }
    if (auto* goodbye = std::get_if<message::Goodbye>(&message)) take_goodbye(worker, *goodbye);
    auto body = to_input(worker, std::move(message));
    if (!body) return;
    const auto* failed = std::get_if<input::Failure>(&*body);
    if (failed != nullptr && is_users_mistake(failed->kind, failed->type)) result_.mistakes.push_back(failed->message);
    feed(std::move(*body));
}

void ManagerHost::take_goodbye(WorkerId worker, const message::Goodbye& goodbye) {
    auto& peer = peers_[worker.value];
    peer.gone = true;
    if (!peer.joined) {
        if (goodbye.mistake) {
            result_.refusals.push_back(goodbye.refusal);
        } else {
            ++result_.missed;
        }
        feed(input::WorkerLost{worker, "it could not start: " + goodbye.refusal});
    } else if (!manager_.ended()) {
        if (manager_.has_worker(worker)) ++result_.missed;  // else it was told to leave
        feed(input::WorkerLost{worker, "it left"});
    }
}

void ManagerHost::watch_clock() {
    const double now = clock_.now();
    if (now < next_watch_) return;
    next_watch_ = now + watch_seconds;
    watch_requests();
    watch_peers();
    commit();
    observer_.on_tick(manager_, now);
    if (now >= next_sync_) {
        next_sync_ = now + sync_seconds;
        sync();
    }
}

void ManagerHost::sync() {
    if (sync_.busy()) return;  // as fast as the disk can
    if (auto work = journal_.sync_work()) sync_.start(std::move(work));
}

void ManagerHost::watch_requests() {
    if (settings_.stop_request) {
        if (const auto reason = settings_.stop_request()) feed(input::StopRequested{*reason});
    }
    if (control_ == nullptr) return;
    for (const auto& request : control_->poll()) obey(request);
}

void ManagerHost::obey(const ControlRequest& request) {
    if (control_ != nullptr) control_->take(request, sequence_);
    if (const auto* budget = std::get_if<BudgetRequest>(&request.body))
        feed(changed_budget(manager_.budget(), *budget));
    if (const auto* stop = std::get_if<input::StopRequested>(&request.body)) feed(*stop);
    if (const auto* stop = std::get_if<input::MemberStopped>(&request.body)) feed(*stop);
}

/// A stop that came after the search had ended by itself, or by another stop, is not for the next start. After a time
/// limit or the loss of the workers it is, because the job is queued again.
void ManagerHost::forget_late_stops() {
    if (control_ == nullptr) return;
    const bool queued_again = result_.reason == EndReason::stopped || result_.reason == EndReason::no_workers;
    if (queued_again && result_.stopped_by != StopReason::user) return;
    for (const auto& request : control_->poll()) {
        if (!std::holds_alternative<BudgetRequest>(request.body)) control_->drop(request);
    }
}

void ManagerHost::watch_peers() {
    const double now = clock_.now();
    const bool judge = may_judge();
    for (std::size_t rank = 1; judge && rank < peers_.size(); ++rank) {
        auto& peer = peers_[rank];
        const double since = peer.joined ? now - peer.heard : now - settings_.time_before;
        if (peer.gone || since < (peer.joined ? settings_.heartbeat_timeout : settings_.join_timeout)) continue;
        peer.gone = true;
        lose({rank}, peer.joined ? "no heartbeat" : "the rank never said hello");
    }
    if (now < next_ping_) return;
    next_ping_ = now + settings_.ping_interval;
    for (std::size_t rank = 1; rank < peers_.size(); ++rank) {
        if (peers_[rank].joined && !peers_[rank].gone) outbox_.add({rank}, message::Ping{});
    }
}

void ManagerHost::lose(WorkerId worker, std::string reason) {
    result_.workers_lost = true;
    ++result_.missed;
    peers_[worker.value].lost = peers_[worker.value].joined;
    outbox_.peers_lost();
    feed(input::WorkerLost{worker, std::move(reason)});
}

void ManagerHost::break_off() {
    for (std::size_t rank = 1; rank < peers_.size(); ++rank) {
        if (!peers_[rank].gone) outbox_.add({rank}, message::Dismiss{true});
    }
    outbox_.flush();
    const double deadline = clock_.now() + settings_.goodbye_timeout;
    Waiting waiting(endpoint_);
    while (!endpoint_.idle() && clock_.now() < deadline) {
        static_cast<void>(endpoint_.poll());
        waiting.wait();
    }
}

void ManagerHost::say_goodbye() {
    commit();
    const double deadline = clock_.now() + settings_.goodbye_timeout;
    Waiting waiting(endpoint_);
    // Also waits for ranks that have not said hello yet (a short search, a long start). The manager tells them to
    // leave.
    const auto any_here = [this] {
        return std::any_of(peers_.begin() + 1, peers_.end(), [](const Peer& peer) { return !peer.gone; });
    };
    while (any_here() && clock_.now() < deadline) {
        // Late reports and persisted copies are still inputs. They are recorded, and may erase copies that are not
        // needed.
        if (receive()) {
            commit();
            waiting.active();
        } else {
            waiting.wait();
        }
    }
    while (!endpoint_.idle() && clock_.now() < deadline) {
        static_cast<void>(endpoint_.poll());
        waiting.wait();
    }
    if (any_here()) result_.workers_lost = true;
}

}  // namespace stemma
