#pragma once
// One generation of GPBT while its children are launched: how many children of each parent are left, and the next
// parent.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "scheduler/scheduler.hpp"

namespace stemma {

struct GpbtParent {
    MemberId member;
    Resource reached = 0;
    double objective = 0;
    bool kept = false;          ///< was also a parent of the generation before
    bool repeat = false;        ///< the child that repeats its hyperparameters is not launched yet
    std::uint32_t to_come = 0;  ///< children not launched yet
    std::uint32_t running = 0;
};

/// In generation 0 there is one entry without a member: the parent of all.
class GpbtGeneration {
public:
    std::vector<GpbtParent> parents;  ///< best first

    void clear() {
        parents.clear();
        turn_ = 0;
    }
    std::uint32_t to_come() const {
        std::uint32_t sum = 0;
        for (const auto& parent : parents) sum += parent.to_come;
        return sum;
    }
    /// Index of the parent whose turn it is: it has a child left and, if `sequential`, no running child. A parent whose
    /// weights need not move comes first. All children of a generation are born, so the order is no disadvantage.
    std::optional<std::size_t> next(bool sequential, const Placement* placement) const {
        std::optional<std::size_t> first;
        for (std::size_t step = 0; step < parents.size(); ++step) {
            const auto index = (turn_ + step) % parents.size();
            const auto& parent = parents[index];
            if (parent.to_come == 0 || (sequential && parent.running > 0)) continue;
            if (!first) first = index;
            if (placement == nullptr || !parent.member.exists()) break;
            if (placement->stays(parent.member)) return index;
        }
        return first;
    }
    void launched(std::size_t index) {
        turn_ = index + 1;
        --parents[index].to_come;
        ++parents[index].running;
        parents[index].repeat = false;
    }
    GpbtParent* find(MemberId member) {
        const auto found =
            std::find_if(parents.begin(), parents.end(), [&](const auto& parent) { return parent.member == member; });
        return found == parents.end() ? nullptr : &*found;
    }
    /// Its remaining children go to the best other parent. False if there is no other.
    bool remove(MemberId member) {
        const auto found =
            std::find_if(parents.begin(), parents.end(), [&](const auto& parent) { return parent.member == member; });
        if (found == parents.end()) return !parents.empty();
        const auto orphans = found->to_come;
        parents.erase(found);
        if (parents.empty()) return false;
        parents.front().to_come += orphans;
        return true;
    }
    void stop_launching() {
        for (auto& parent : parents) parent.to_come = 0;
    }

private:
    std::size_t turn_ = 0;
};

}  // namespace stemma
