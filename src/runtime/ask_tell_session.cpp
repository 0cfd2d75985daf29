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
        places_.insert(joined->worker);
        workers_ = std::max(workers_, joined->worker.value);
    } else if (const auto* lost = std::get_if<input::WorkerLost>(&input.body)) {
        places_.erase(lost->worker);
    }
    leases_.on(input.body);
    next_sequence_ = input.sequence + 1;
    for (const auto& effect : effects) {
        leases_.on(effect);
        if (const auto* dismiss = std::get_if<effect::Dismiss>(&effect)) places_.erase(dismiss->worker);
    }
}

AskTellSession::AskTellSession(Manager& manager, std::function<record::Journal&()> journal, AskTellState& ledger,
                               double time)
    : manager_(manager), journal_(std::move(journal)), ledger_(ledger), time_(time) {}

void AskTellSession::feed_one(input::Body body) {
    const Input input{ledger_.next_sequence(), time_, std::move(body)};
    Effects effects;
    manager_.on(input, effects);
    journal_().append(input, effects);
    ledger_.on(input, effects);
    for (const auto& effect : effects) {
        if (const auto* serve = std::get_if<effect::Serve>(&effect)) {
            following_.emplace_back(input::TransferDone{serve->transfer});
        } else if (const auto* persist = std::get_if<effect::Persist>(&effect)) {
            following_.emplace_back(input::Persisted{persist->snapshot, true, {}});
        } else if (const auto* cancel = std::get_if<effect::Cancel>(&effect)) {
            const auto lease = ledger_.open().find(cancel->lease);
            if (lease == ledger_.open().end()) continue;
            following_.emplace_back(input::Report{
                .worker = cancel->worker, .lease = cancel->lease, .reached = lease->second.assign.from, .rows = {}});
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
    for (const auto& [id, lease] : ledger_.open()) {
        if (!taken(id)) return lease.assign;
    }
    return std::nullopt;
}

std::optional<effect::Train> AskTellSession::ask(const std::function<bool(LeaseId)>& taken) {
    if (time_ >= manager_.next_deadline()) feed(input::Ticked{});
    if (auto lease = open_lease(taken)) return lease;
    if (manager_.ended() || ledger_.waiting()) return std::nullopt;
    add_place();
    return open_lease(taken);
}

void AskTellSession::lose(WorkerId worker, std::string reason) {
    add_place();  // first: without any worker the search would end
    feed(input::WorkerLost{worker, std::move(reason)});
}

void AskTellSession::add_place() { feed(input::WorkerJoined{ledger_.next_worker(), "asked", "", any_number_of_bytes}); }

}  // namespace stemma
