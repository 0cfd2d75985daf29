#pragma once
// What a report says about a member: one to three objectives, and by how much it violates the constraints.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/ids.hpp"

namespace stemma {

/// More objectives make nearly every member nondominated, and an order over them says nothing.
inline constexpr std::size_t most_objectives = 3;

/// Values of one report, all minimized: a maximized metric is negated before. Compared exactly, without a tolerance.
struct Objectives {
    std::array<double, most_objectives> values{};  ///< those from `count` on are 0
    std::uint8_t count = 1;                        ///< 1, 2 or 3

    Objectives() = default;
    /// One to three values (InternalError otherwise).
    explicit Objectives(std::span<const double> given);

    double operator[](std::size_t index) const { return values[index]; }
    /// Every value is neither NaN nor infinite.
    bool finite() const;
    friend bool operator==(const Objectives&, const Objectives&) = default;
};

/// `a` is at most `b` in each objective, and below it in one. False if a value is NaN. Both have the same count.
bool dominates(const Objectives& a, const Objectives& b);

struct Outcome {
    Objectives objectives;
    /// Sum over the constraints, each relative to its bound; 0 = feasible. NaN counts as infinity.
    double violation = 0;
    /// False while a constraint was not measured yet. Such a member competes as if it met it, and is never in a front.
    bool known = true;

    bool feasible() const { return violation == 0; }
    /// Diverged members have no place in an order.
    bool diverged() const { return !objectives.finite(); }
};

/// A member that competes.
struct Candidate {
    MemberId member;
    Outcome outcome;
};

}  // namespace stemma
