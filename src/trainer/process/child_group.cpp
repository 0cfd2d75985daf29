#include "trainer/process/child_group.hpp"

#include <algorithm>
#include <span>
#include <tuple>
#include <variant>

#include "trainer/process/messages.hpp"
#include "trainer/process/process_tree.hpp"

namespace stemma {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// A program that closes its end is looked at again soon: no descriptor says when it has waited long enough.
constexpr auto closing_look = milliseconds(50);

milliseconds left_until(Clock::time_point until) { return std::chrono::ceil<milliseconds>(until - Clock::now()); }

}  // namespace

ChildGroup::ChildGroup(ChildStarter& starter, const GroupCommand& command) {
    const auto start = [&](const ChildCommand& program) {
        children_.push_back(std::make_unique<Child>(starter, program, command.log));
    };
    auto program = command.program;
    if (command.processes <= 1 && !command.door.empty()) {
        door_.emplace(command.door);
        program.environment = launcher_environment(std::move(program.environment), door_->path());
    }
    if (command.processes == 0) {
        start(program);
        return;
    }
    rendezvous_.emplace();
    const auto environment = program.environment;
    for (std::size_t rank = 0; rank < command.processes; ++rank) {
        program.environment = group_environment(environment, {rank, command.processes, &*rendezvous_});
        start(program);
    }
}

void ChildGroup::set_greeted() {
    greeted_ = true;
    door_.reset();
    callers_.clear();
}

void ChildGroup::send_all(std::string_view json) {
    for (std::size_t rank = 0; rank < size(); ++rank) line(rank).send(json);
}

std::optional<ChildEvent> ChildGroup::event_of(std::size_t rank) {
    if (launched_.empty()) return event_at_hand(*children_[rank]);
    if (auto said = launched_[rank].event_at_hand()) return said;
    if (children_[0]->ended()) return *children_[0]->ended();
    // The launcher sees the death of a process, too, and ends mostly.
    if (launched_[rank].closed_for_long()) return ChildEnded{"its connection was closed", false};
    return std::nullopt;
}

bool ChildGroup::closing() {
    for (std::size_t rank = 0; rank < size(); ++rank) {
        if (line(rank).closing()) return true;
    }
    return false;
}

template <class Find>
auto ChildGroup::awaited(milliseconds longest, const Find& find, const Alarm* alarm) -> decltype(find()) {
    const auto until = Clock::now() + longest;
    while (true) {
        if (auto event = find()) return event;
        const auto left = left_until(until);
        if (left.count() <= 0) return std::nullopt;
        if (look(closing() ? std::min(left, closing_look) : left, alarm)) return find();
    }
}

std::optional<GroupEvent> ChildGroup::next(milliseconds longest, const Alarm* alarm) {
    const auto find = [&]() -> std::optional<GroupEvent> {
        for (std::size_t rank = 0; rank < size(); ++rank) {
            if (auto event = event_of(rank)) return GroupEvent{rank, std::move(*event)};
        }
        return std::nullopt;
    };
    return awaited(longest, find, alarm);
}

std::optional<ChildEvent> ChildGroup::next_of(std::size_t rank, milliseconds longest) {
    return awaited(longest, [&] { return event_of(rank); });
}

bool ChildGroup::look(milliseconds longest, const Alarm* alarm) {
    std::vector<pollfd> watched;
    const auto add = [&](const auto& own) { watched.insert(watched.end(), own.begin(), own.end()); };
    for (const auto& child : children_) add(child->watched());
    for (const auto& line : launched_) add(line.watched());
    for (const auto& line : callers_) add(line.watched());
    if (door_) watched.push_back({door_->number(), POLLIN, 0});
    if (alarm != nullptr) watched.push_back({alarm->number(), POLLIN, 0});
    const auto bounded = static_cast<int>(std::clamp<std::int64_t>(longest.count(), 0, 3600000));
    if (::poll(watched.data(), watched.size(), bounded) <= 0) return false;
    std::span<const pollfd> found(watched);
    const auto give = [&](auto& one, std::size_t count) {
        one.take_in(found.first(count));
        found = found.subspan(count);
    };
    for (const auto& child : children_) give(*child, std::tuple_size_v<Child::Watched>);
    for (auto& line : launched_) give(line, std::tuple_size_v<Line::Watched>);
    for (auto& line : callers_) give(line, std::tuple_size_v<Line::Watched>);
    if (door_ && found.front().revents != 0) {
        for (auto& line : door_->come_in()) callers_.push_back(std::move(line));
    }
    const bool rang = alarm != nullptr && watched.back().revents != 0;
    if (rang) alarm->quiet();
    return rang;
}

void ChildGroup::dismiss() {
    send_all(quit_json());
    look();
}

void ChildGroup::quit(milliseconds longest) {
    send_all(quit_json());
    const auto until = Clock::now() + longest;
    for (std::size_t rank = 0; rank < size(); ++rank) {
        std::optional<ChildEvent> event;
        do {
            event = next_of(rank, std::max(left_until(until), milliseconds(0)));
        } while (event && std::holds_alternative<ChildSaid>(*event));
        if (!event || std::holds_alternative<ChildGarbled>(*event)) return;
    }
}

bool ChildGroup::ended() const {
    return std::ranges::any_of(children_, [](const auto& child) { return child->ended().has_value(); });
}

std::uint64_t ChildGroup::memory(std::uint64_t enough) const {
    std::vector<int> keepers;
    for (const auto& child : children_) keepers.push_back(child->keeper());
    return tree_memory(keepers, enough);
}

}  // namespace stemma
