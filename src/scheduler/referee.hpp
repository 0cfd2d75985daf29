#pragma once
// Which of several searches side by side go on.

#include <cstdint>
#include <vector>

#include "core/ids.hpp"

namespace stemma {

/// The best of an arm where one of its generations closed.
struct ArmClose {
    Resource at = 0;
    double objective = 0;  ///< minimized, finite
    MemberId member;
};

struct ArmVerdict {
    std::size_t stopped = 0;
    std::size_t by = 0;
    ArmClose ahead;   ///< the last close of `by`
    ArmClose behind;  ///< the best close of `stopped` at that resource or later
};

/// A coarse arm that leads where its last generation closed stops a finer arm that has closed there or later. A fine
/// arm that leads has proved nothing, because greed leads early: a coarse arm can lose only at max, which is no stop.
/// Each (coarse arm, fine arm, resource) is judged once. Arms are numbered from the finest on.
class Referee {
public:
    Referee(std::size_t arms, Resource max) : max_(max), closes_(arms), judged_(arms * arms, 0) {}

    void raise_max(Resource max) { max_ = max; }
    /// Resources of an arm ascend.
    void closed(std::size_t arm, const ArmClose& close) { closes_[arm].push_back(close); }
    /// The arms to be stopped now, among those that are living. O(arms^2), and O(closes) for each judgment.
    std::vector<ArmVerdict> judge(std::vector<bool> living);

    const std::vector<ArmClose>& closes(std::size_t arm) const { return closes_[arm]; }

private:
    Resource max_;
    std::vector<std::vector<ArmClose>> closes_;
    std::vector<Resource> judged_;  ///< [coarse][fine]: last resource that was judged
};

}  // namespace stemma
