#pragma once
// Drives PBT and GPBT step by step: the work of a free worker, with the parent of a new member.

#include <map>
#include <optional>
#include <ostream>
#include <vector>

#include "unit/scheduler/script.hpp"

namespace stemma::test {

inline constexpr std::uint64_t nobody = ~std::uint64_t{0};

struct Given {
    std::uint64_t member = nobody;
    Resource to = 0;
    std::uint64_t parent = nobody;  ///< of a member born now
    std::uint64_t same_as = nobody;
    std::uint32_t generation = 0;
    bool born = false;
    BirthCause cause = BirthCause::sampled;
    std::uint64_t replaces = nobody;
};

class Population {
public:
    explicit Population(std::unique_ptr<Scheduler> scheduler) : script_(std::move(scheduler)) {}

    /// The work of a free worker; births are granted. Nothing if there is no work.
    std::optional<Given> work() {
        for (const auto& action : say(event::WorkWanted{now})) {
            if (const auto* train = std::get_if<action::Train>(&action))
                return Given{.member = train->member.value, .to = train->to};
            if (const auto* create = std::get_if<action::Create>(&action)) {
                say(event::Created{{next_}});
                born.push_back({next_++, create->to, create->parent.value, create->same_as.value, create->generation,
                                true, create->cause, create->replaces.value});
                return born.back();
            }
        }
        return std::nullopt;
    }
    std::vector<Given> all_work() {
        std::vector<Given> all;
        while (const auto given = work()) all.push_back(*given);
        return all;
    }
    Actions report(const Given& given, double objective) {
        return say(event::Report{{given.member}, given.to, objective, now});
    }
    /// All get work and report these objectives, in order of birth.
    std::vector<Given> begin(const std::vector<double>& objectives) {
        const auto all = all_work();
        EXPECT_EQ(all.size(), objectives.size());
        for (std::size_t i = 0; i < objectives.size(); ++i) report(all[i], objectives[i]);
        return all;
    }
    Actions say(const Event& event) {
        auto actions = script_.say(event);
        for (const auto& action : actions) {
            if (const auto* release = std::get_if<action::Release>(&action)) released.push_back(release->member.value);
            if (const auto* select = std::get_if<action::Select>(&action))
                selected[select->generation].push_back(select->member.value);
        }
        return actions;
    }
    Scheduler& scheduler() { return script_.scheduler(); }

    double now = 0;
    std::vector<Given> born;
    std::vector<std::uint64_t> released;
    std::map<std::uint32_t, std::vector<std::uint64_t>> selected;  ///< parents of each generation

private:
    Script script_;
    std::uint64_t next_ = 0;
};

/// Its snapshot is kept until a child replaces it, and needs no durable copy.
inline bool gives_up(const Actions& actions, std::uint64_t member) {
    const auto keep = Script::keep_of(actions, member);
    return keep && !keep->promotable;
}

inline std::vector<std::uint64_t> parents_of(const std::vector<Given>& all) {
    std::vector<std::uint64_t> parents;
    for (const auto& given : all) parents.push_back(given.parent);
    return parents;
}

}  // namespace stemma::test
