#pragma once
// Drives a scheduler step by step, for tests that spell out the events.

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "scheduler/scheduler.hpp"

namespace stemma::test {

inline constexpr double infinite = std::numeric_limits<double>::infinity();

struct Work {
    std::uint64_t member = 0;
    Resource to = 0;
    friend bool operator==(const Work&, const Work&) = default;
};

inline void PrintTo(const Work& work, std::ostream* out) { *out << "member " << work.member << " to " << work.to; }

class Script {
public:
    explicit Script(std::unique_ptr<Scheduler> scheduler) : scheduler_(std::move(scheduler)) {}

    /// The work of a free worker; a new member is granted.
    std::optional<Work> work() {
        const auto actions = say(event::WorkWanted{});
        for (const auto& action : actions) {
            if (const auto* train = std::get_if<action::Train>(&action)) return Work{train->member.value, train->to};
            if (const auto* create = std::get_if<action::Create>(&action)) {
                last_create = *create;
                say(event::Created{{next_}});
                return Work{next_++, create->to};
            }
        }
        return std::nullopt;
    }
    /// As work(), but a new member is refused.
    std::optional<Work> work_without_births() {
        const auto actions = say(event::WorkWanted{});
        for (const auto& action : actions) {
            if (const auto* train = std::get_if<action::Train>(&action)) return Work{train->member.value, train->to};
            if (std::holds_alternative<action::Create>(action)) {
                say(event::NoMoreMembers{});
                return work_without_births();
            }
        }
        return std::nullopt;
    }
    /// All work that is available now.
    std::vector<Work> all_work() {
        std::vector<Work> all;
        while (const auto next = work()) all.push_back(*next);
        return all;
    }
    Actions report(Work work, double objective) { return say(event::Report{{work.member}, work.to, objective}); }
    Actions give_up(std::uint64_t member) { return say(event::GivenUp{{member}}); }
    Actions say(const Event& event) {
        Actions actions;
        scheduler_->on(event, actions);
        return actions;
    }
    Scheduler& scheduler() { return *scheduler_; }

    action::Create last_create;  ///< that work() granted

    static std::optional<action::Keep> keep_of(const Actions& actions, std::uint64_t member) {
        for (const auto& action : actions) {
            if (const auto* keep = std::get_if<action::Keep>(&action); keep != nullptr && keep->member.value == member)
                return *keep;
        }
        return std::nullopt;
    }
    static bool released(const Actions& actions, std::uint64_t member) {
        for (const auto& action : actions) {
            if (const auto* release = std::get_if<action::Release>(&action);
                release != nullptr && release->member.value == member)
                return true;
        }
        return false;
    }

private:
    std::unique_ptr<Scheduler> scheduler_;
    std::uint64_t next_ = 0;
};

}  // namespace stemma::test
