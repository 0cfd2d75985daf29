#include "runtime/desk.hpp"

#include <algorithm>
#include <utility>

#include "runtime/fit_thread.hpp"

namespace stemma {

namespace {
constexpr std::uint64_t any_number_of_bytes = std::uint64_t{1} << 62U;
}

void DeskBook::on(const Input& input, std::span<const Effect> effects) {
    if (const auto* started = std::get_if<IncarnationStarted>(&input.body)) {
        *this = {};
        incarnations_ = started->incarnation + 1;
    } else if (const auto* joined = std::get_if<WorkerJoined>(&input.body)) {
        places_.insert(joined->worker);
        workers_ = std::max(workers_, joined->worker.value);
    } else if (const auto* lost = std::get_if<WorkerLost>(&input.body)) {
        places_.erase(lost->worker);
    }
    leases_.on(input.body);
    next_sequence_ = input.sequence + 1;
    for (const auto& effect : effects) {
        leases_.on(effect);
        if (const auto* dismiss = std::get_if<Dismiss>(&effect)) places_.erase(dismiss->worker);
    }
}

Desk::Desk(Manager& manager, std::function<Journal&()> journal, DeskBook& book, double time)
    : manager_(manager), journal_(std::move(journal)), book_(book), time_(time) {}

void Desk::feed_one(InputBody body) {
    const Input input{book_.next_sequence(), time_, std::move(body)};
    Effects effects;
    manager_.on(input, effects);
    journal_().append(input, effects);
    book_.on(input, effects);
    for (const auto& effect : effects) {
        if (const auto* serve = std::get_if<Serve>(&effect)) {
            following_.emplace_back(TransferDone{serve->transfer});
        } else if (const auto* persist = std::get_if<Persist>(&effect)) {
            following_.emplace_back(SnapshotPersisted{persist->snapshot, true, {}});
        } else if (const auto* cancel = std::get_if<Cancel>(&effect)) {
            const auto lease = book_.open().find(cancel->lease);
            if (lease == book_.open().end()) continue;
            following_.emplace_back(LeaseReported{
                .worker = cancel->worker, .lease = cancel->lease, .reached = lease->second.assign.from, .rows = {}});
        }
    }
}

void Desk::feed(InputBody body) {
    following_.push_back(std::move(body));
    while (!following_.empty()) {
        for (auto& next : std::exchange(following_, {})) feed_one(std::move(next));
        if (!following_.empty()) continue;
        for (const auto& wanted : manager_.wanted_fits()) following_.emplace_back(run_fit(wanted));
    }
    journal_().commit();
}

std::optional<Assign> Desk::open_lease(const std::function<bool(LeaseId)>& taken) const {
    for (const auto& [id, lease] : book_.open()) {
        if (!taken(id)) return lease.assign;
    }
    return std::nullopt;
}

std::optional<Assign> Desk::ask(const std::function<bool(LeaseId)>& taken) {
    if (time_ >= manager_.next_deadline()) feed(Ticked{});
    if (auto lease = open_lease(taken)) return lease;
    if (manager_.ended() || book_.waiting()) return std::nullopt;
    add_place();
    return open_lease(taken);
}

void Desk::lose(WorkerId worker, std::string reason) {
    add_place();  // first: without any worker the search would end
    feed(WorkerLost{worker, std::move(reason)});
}

void Desk::add_place() { feed(WorkerJoined{book_.next_worker(), "asked", "", any_number_of_bytes}); }

}  // namespace stemma
