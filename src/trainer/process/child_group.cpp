#include "trainer/process/child_group.hpp"

#include <algorithm>
#include <variant>

#include "trainer/process/messages.hpp"

namespace stemma {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// A program that closes its end is looked at again soon: no descriptor says when it has waited long enough.
constexpr auto closing_look = milliseconds(50);

milliseconds left_until(Clock::time_point until) { return std::chrono::ceil<milliseconds>(until - Clock::now()); }

}  // namespace

ChildGroup::ChildGroup(ChildStarter& starter, const GroupCommand& command) {
    if (command.processes == 0) {
        add(starter, command.program, command.log);
        return;
    }
    rendezvous_.emplace();
    auto program = command.program;
    for (std::size_t rank = 0; rank < command.processes; ++rank) {
        program.environment = group_environment(command.program.environment, {rank, command.processes, &*rendezvous_});
        add(starter, program, command.log);
    }
}

void ChildGroup::add(ChildStarter& starter, const ChildCommand& program, const std::string& log) {
    children_.push_back(std::make_unique<Child>(starter, program, log));
    all_.push_back(children_.back().get());
}

void ChildGroup::send_all(std::string_view json) {
    for (const auto& child : children_) child->send(json);
}

std::optional<GroupEvent> ChildGroup::next(milliseconds longest) {
    const auto until = Clock::now() + longest;
    while (true) {
        bool closing = false;
        for (std::size_t rank = 0; rank < size(); ++rank) {
            if (auto event = children_[rank]->event_at_hand()) return GroupEvent{rank, std::move(*event)};
            closing |= children_[rank]->closing();
        }
        const auto left = left_until(until);
        if (left.count() <= 0) return std::nullopt;
        wait_for(all_, closing ? std::min(left, closing_look) : left);
    }
}

std::optional<ChildEvent> ChildGroup::next_of(std::size_t rank, milliseconds longest) {
    const auto until = Clock::now() + longest;
    auto& child = *children_[rank];
    while (true) {
        if (auto event = child.event_at_hand()) return event;
        const auto left = left_until(until);
        if (left.count() <= 0) return std::nullopt;
        wait_for({&all_[rank], 1}, child.closing() ? std::min(left, closing_look) : left);
    }
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
    return std::ranges::any_of(children_, [](const auto& child) { return child->ended(); });
}

bool ChildGroup::greeted() const {
    return std::ranges::all_of(children_, [](const auto& child) { return child->greeted(); });
}

std::uint64_t ChildGroup::memory(std::uint64_t enough) const {
    std::vector<int> keepers;
    for (const auto& child : children_) keepers.push_back(child->keeper());
    return tree_memory(keepers, enough);
}

}  // namespace stemma
