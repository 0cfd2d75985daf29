#include "trainer/process/greeting.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "platform/attentive_clock.hpp"
#include "trainer/process/lease_talk.hpp"

namespace stemma {
namespace {

constexpr auto look_time = std::chrono::milliseconds(20);

constexpr const char* never_asked =
    " (a Python script asks by stemma.trials(); a script that does not know Stemma needs placeholders in "
    "trainer.command, "
    "such as \"--lr={lr}\": docs/bring-your-model.md)";

class Greeting {
public:
    Greeting(const ProcessSettings& settings, ChildGroup& group) : settings_(settings), group_(group) {}

    ChildHello run() {
        std::vector<ChildHello> all;
        if (group_.size() == 1) {
            all = single();
        } else {
            for (std::size_t rank = 0; rank < group_.size(); ++rank) all.push_back(started(rank));
        }
        require_at_once(all.front());
        const auto threads =
            std::max<std::uint32_t>(1, settings_.place.threads / static_cast<std::uint32_t>(group_.size()));
        group_.send_all(welcome_json(settings_.metrics, settings_.unit, threads));
        group_.set_greeted();
        return std::move(all.front());
    }

private:
    bool in_time() { return clock_.now() < settings_.start_timeout; }

    /// The hello of a process that was started here.
    ChildHello started(std::size_t rank) {
        std::optional<ChildEvent> event;
        while (!event && in_time()) event = group_.next_of(rank, look_time);
        if (!event) refuse_late(rank);
        return hello_in(rank, *event);
    }

    /// The hello of a single program, or those of the processes that it started.
    std::vector<ChildHello> single() {
        auto& program = group_.program(0);
        while (in_time()) {
            if (auto said = program.line().event_at_hand()) return {hello_in(0, *said)};
            if (program.ended()) hello_in(0, *program.ended());
            if (auto hellos = of_callers(); !hellos.empty()) return hellos;
            group_.look(look_time);
        }
        if (const auto closed = program.line().closed_for_long()) hello_in(0, *closed);
        refuse_late(0);
    }

    /// When all have come: in the order of their ranks. Before that: nothing.
    std::vector<ChildHello> of_callers() {
        auto& callers = group_.callers();
        hellos_.resize(callers.size());
        for (std::size_t i = 0; i < callers.size(); ++i) {
            if (hellos_[i]) continue;
            if (auto said = callers[i].event_at_hand()) hellos_[i] = hello_in(0, *said);
            if (hellos_[i]) require_place(i);
        }
        const auto said = std::ranges::count_if(hellos_, [](const auto& hello) { return hello.has_value(); });
        const auto any = std::ranges::find_if(hellos_, [](const auto& hello) { return hello.has_value(); });
        if (any == hellos_.end() || static_cast<std::size_t>(said) < (*any)->ranks) return {};
        std::vector<Line> lines;
        std::vector<ChildHello> all;
        for (std::size_t rank = 0; rank < (*any)->ranks; ++rank) {
            const auto at =
                std::ranges::find_if(hellos_, [&](const auto& hello) { return hello && hello->rank == rank; });
            lines.push_back(std::move(callers[static_cast<std::size_t>(at - hellos_.begin())]));
            all.push_back(**at);
        }
        group_.adopt(std::move(lines));
        return all;
    }

    /// Each rank comes once, and all know the same number of ranks.
    void require_place(std::size_t caller) const {
        const auto& own = *hellos_[caller];
        const auto of_others = [&](const auto& hello) { return hello && &*hello != &own; };
        for (const auto& hello : hellos_) {
            if (!of_others(hello)) continue;
            if (hello->rank == own.rank || hello->ranks != own.ranks) {
                throw ProtocolError(fmt::format(
                    "two processes asked for trainings as {} of {} and as {} of {}: they need the variables RANK and "
                    "WORLD_SIZE, as torchrun sets them",
                    hello->rank, hello->ranks, own.rank, own.ranks));
            }
        }
        if (own.rank >= own.ranks)
            throw ProtocolError(fmt::format("a process has RANK={} and WORLD_SIZE={}", own.rank, own.ranks));
    }

    /// Program and job mean the same number of trainings.
    void require_at_once(const ChildHello& hello) const {
        if (hello.at_once > 1 && group_.size() > 1)
            throw ProtocolError("several processes train one member together, so that none of them takes several");
        if (hello.at_once == settings_.at_once) return;
        throw ProtocolError(fmt::format(
            "the program takes {} at the same time, and trainer.at_once is {}: set trainer.at_once = {}, or let the "
            "program take {} (in Python: stemma.trials({}))",
            hello.at_once == 1 ? "one training" : fmt::format("{} trainings", hello.at_once), settings_.at_once,
            hello.at_once, settings_.at_once,
            settings_.at_once == 1 ? "" : fmt::format("at_once={}", settings_.at_once)));
    }

    ChildHello hello_in(std::size_t rank, const ChildEvent& event) const {
        if (const auto* ended = std::get_if<ChildEnded>(&event)) {
            refuse(rank, "the program ended before it asked for a training: " + ended->how +
                             (ended->how == "exit code 0" ? never_asked : ""));
        }
        if (const auto* garbled = std::get_if<ChildGarbled>(&event)) refuse(rank, garbled->what);
        const auto message = parse_from_child(std::get<ChildSaid>(event).json);
        const auto* hello = std::get_if<ChildHello>(&message);
        if (hello == nullptr) throw ProtocolError("the program's first message was no hello");
        if (hello->protocol != process_protocol_version) {
            throw ProtocolError(
                fmt::format("the program speaks version {} of the protocol, this Stemma {}; use the package "
                            "that belongs to it",
                            hello->protocol, process_protocol_version));
        }
        return *hello;
    }

    [[noreturn]] void refuse(std::size_t rank, const std::string& what) const {
        const auto text = group_.size() == 1 ? what : fmt::format("process {} of {}: {}", rank, group_.size(), what);
        throw ProtocolError(with_output(text, group_, rank));
    }
    [[noreturn]] void refuse_late(std::size_t rank) const {
        const auto came = std::ranges::count_if(hellos_, [](const auto& hello) { return hello.has_value(); });
        refuse(rank,
               fmt::format("the program said no hello for {:g} s (trainer.start_timeout){}", settings_.start_timeout,
                           came == 0 ? "" : fmt::format(", but {} of the processes that it started", came)));
    }

    const ProcessSettings& settings_;
    ChildGroup& group_;
    AttentiveClock clock_;
    std::vector<std::optional<ChildHello>> hellos_;  ///< of the callers
};

}  // namespace

ChildHello greet(const ProcessSettings& settings, ChildGroup& group) { return Greeting(settings, group).run(); }

}  // namespace stemma
