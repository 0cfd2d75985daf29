#include "runtime/ask_tell_session.hpp"

#include <algorithm>
#include <utility>

#include "runtime/fit_thread.hpp"

namespace stemma {

namespace {
constexpr std::uint64_t any_number_of_bytes = std::uint64_t{1} << 62U;
}

void AskTellState::on(const Input& input, std::span<const Effect> effects) {
    if (const auto* started = std::get_if<input::IncarnationStarted>(&input.body)) {
        *this = {};
        incarnations_ = started->incarnation + 1;
    } else if (const auto* joined = std::get_if<input::WorkerJoined>(&input.body)) {
        virtual_workers_.insert(joined->worker);
        workers_ = std::max(workers_, joined->worker.value);
    } else if (const auto* lost = std::get_if<input::WorkerLost>(&input.body)) {
        virtual_workers_.erase(lost->worker);
    }
    leases_.on(input.body);
    next_sequence_ = input.sequence + 1;
    for (const auto& effect : effects) {
        leases_.on(effect);
        if (const auto* dismiss = std::get_if<effect::Dismiss>(&effect)) virtual_workers_.erase(dismiss->worker);
    }
}

AskTellSession::AskTellSession(Manager& manager, std::function<record::Journal&()> journal, AskTellState& state,
                               double time)
    : manager_(manager), journal_(std::move(journal)), state_(state), time_(time) {}

void AskTellSession::feed_one(input::Body body) {
    const Input input{state_.next_sequence(), time_, std::move(body)};
    Effects effects;
    manager_.on(input, effects);
    journal_().append(input, effects);
    state_.on(input, effects);
    for (const auto& effect : effects) {
        if (const auto* serve = std::get_if<effect::Serve>(&effect)) {
            following_.emplace_back(input::TransferDone{serve->transfer});
        } else if (const auto* persist = std::get_if<effect::Persist>(&effect)) {
            following_.emplace_back(input::Persisted{persist->snapshot, true, {}});
        } else if (const auto* cancel = std::get_if<effect::Cancel>(&effect)) {
            const auto lease = state_.open().find(cancel->lease);
            if (lease == state_.open().end()) continue;
            following_.emplace_back(input::Report{.worker = cancel->worker,
                                                  .lease = cancel->lease,
                                                  .reached = lease->second.assign.from,
                                                  .rows = {},
                                                  .processes = 1});
        }
    }
}

void AskTellSession::feed(input::Body body) {
    following_.push_back(std::move(body));
    while (!following_.empty()) {
        for (auto& next : std::exchange(following_, {})) feed_one(std::move(next));
        if (!following_.empty()) continue;
        for (const auto& wanted : manager_.wanted_fits()) following_.emplace_back(run_fit(wanted));
    }
    journal_().commit();
}

std::optional<effect::Train> AskTellSession::open_lease(const std::function<bool(LeaseId)>& taken) const {
    for (const auto& [id, lease] : state_.open()) {
        if (!taken(id)) return lease.assign;
    }
    return std::nullopt;
}

std::optional<effect::Train> AskTellSession::ask(const std::function<bool(LeaseId)>& taken) {
    if (time_ >= manager_.next_deadline()) feed(input::Ticked{});
    if (auto lease = open_lease(taken)) return lease;
    if (manager_.ended() || state_.waiting()) return std::nullopt;
    add_virtual_worker();
    return open_lease(taken);
}

void AskTellSession::lose(WorkerId worker, std::string reason) {
    add_virtual_worker();  // first: without any worker the search would end
    feed(input::WorkerLost{worker, std::move(reason)});
}

void AskTellSession::add_virtual_worker() {
    feed(input::WorkerJoined{state_.next_worker(), "asked", "", any_number_of_bytes});
}

}  // namespace stemma
