#pragma once
// How many children a generation of an arm has, so that all arms together keep to one budget.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "core/ids.hpp"

namespace stemma {

/// *Spent* are the units of the founders, planned ones included, of closed generations, and of all that stopped arms
/// have launched. Open generations of arms that go on do not count: else a third of the budget would stay unspent where
/// workers run ahead. O(arms) for each call.
class ArmBudget {
public:
    ArmBudget(std::size_t arms, Resource budget) : budget_(budget), arms_(arms) {}

    /// An arm that goes on: not stopped, and below max.
    struct Going {
        std::size_t arm = 0;  ///< finest first
        double weight = 0;
        Resource left = 0;  ///< max - where it last closed
    };

    /// A start from scratch, with founders that cost so much. What was spent before stays spent.
    void begin(Resource founders) {
        closed_ += founders_;
        for (auto& arm : arms_) arm = {};
        founders_ = founders;
    }
    void set_budget(Resource budget) { budget_ = budget; }
    Resource budget() const { return budget_; }
    void set_founders(Resource units) { founders_ = units; }
    void launched(std::size_t arm, Resource units) { arms_[arm].open += units; }
    /// Its open generation is closed, is repeated, or ends because the arm is stopped.
    void close(std::size_t arm) {
        closed_ += arms_[arm].open;
        arms_[arm].open = 0;
    }
    Resource spent() const { return founders_ + closed_; }

    /// Children of the arm's next generation, at least 1. What is rounded off is the arm's credit or debt, the latter
    /// at most 2 children.
    std::uint32_t open(std::size_t arm, const std::vector<Going>& going) {
        auto& own = arms_[arm];
        own.opened_with = own.credit;
        const double wanted = own.opened_with + share(arm, going);
        const double n = std::clamp(std::floor(wanted), 1.0, children_max);
        own.credit = std::max(-2.0, wanted - n);
        own.children = static_cast<std::uint32_t>(n);
        return own.children;
    }
    /// More children for the arm's open generation, because other arms have been stopped.
    std::uint32_t top_up(std::size_t arm, const std::vector<Going>& going) {
        auto& own = arms_[arm];
        const double wanted = own.opened_with + share(arm, going);
        const double n = std::min(std::floor(wanted), children_max);
        if (n <= own.children) return 0;
        const auto more = static_cast<std::uint32_t>(n) - own.children;
        own.children += more;
        own.credit = wanted - n;
        return more;
    }

private:
    static constexpr double children_max = 1e6;

    struct Arm {
        Resource open = 0;  ///< units launched in its open generation
        double credit = 0;
        double opened_with = 0;  ///< its credit before its open generation
        std::uint32_t children = 0;
    };

    double share(std::size_t arm, const std::vector<Going>& going) const {
        double cost = 0;
        double weight = 0;
        for (const auto& one : going) {
            cost += one.weight * static_cast<double>(one.left);
            if (one.arm == arm) weight = one.weight;
        }
        return cost > 0 ? static_cast<double>(budget_ - spent()) * weight / cost : 0;
    }

    Resource budget_;
    Resource founders_ = 0;
    Resource closed_ = 0;
    std::vector<Arm> arms_;
};

}  // namespace stemma
