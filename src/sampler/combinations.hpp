#pragma once
// The allowed configurations of a space, counted and visited with a bound on the work.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "space/search_space.hpp"

namespace stemma {

/// A tree of values: a level for each parameter. Parameters on which conditions or forbidden clauses depend come first.
/// An inactive parameter has one branch, and a branch that a clause forbids ends there. Work is counted in values that
/// are looked at, about 50 ns each.
class Combinations {
public:
    explicit Combinations(std::shared_ptr<const SearchSpace> space);

    /// The number of different allowed configurations, or limit + 1 where there are more. Nothing if `work` does not
    /// suffice. A configuration with an active continuous range counts as more than any limit. Parameters on which
    /// nothing depends cost no work. `limit` < 2^63.
    std::optional<std::uint64_t> count(std::uint64_t limit, std::uint64_t work) const;

    /// Calls `visit` for each allowed configuration once, until it returns true or `work` is spent. The first one is
    /// near `unit`, a point in [0,1)^parameters: each parameter begins with its value there. Values then ascend, and go
    /// on at the lowest. A continuous range has the value at `unit` alone.
    void visit(const std::vector<double>& unit, std::uint64_t work,
               const std::function<bool(const Configuration&)>& visit) const;

private:
    struct Walk;

    void descend(std::size_t depth, Walk& walk) const;
    bool forbidden(std::size_t depth, const Configuration& configuration) const;

    std::shared_ptr<const SearchSpace> space_;
    std::vector<std::size_t> order_;               ///< of the parameters
    std::size_t deciding_ = 0;                     ///< so many of them come first
    std::vector<std::vector<Forbidden>> clauses_;  ///< of each level: those whose last parameter it is
};

}  // namespace stemma
