#pragma once
// One generation of GPBT while its children are launched: who has how many still to come, and whose turn it is.

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
    bool kept = false;          ///< was a parent of the generation before too
    bool repeat = false;        ///< its child that repeats its hyperparameters is still to come
    std::uint32_t to_come = 0;  ///< children not launched yet
    std::uint32_t running = 0;
};

/// In generation 0 there is one entry without a member: everybody's parent.
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
    /// Index of the parent whose turn it is, who has a child to come and, if `sequential`, none that runs; before it
    /// comes one whose weights need not move. All children of a generation are born, so the order costs nobody.
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
    /// Its children still to come go to the best of the others. False if it was the last one.
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
