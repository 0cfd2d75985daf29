#pragma once
// What a child may change.

#include <optional>
#include <span>
#include <vector>

#include "space/search_space.hpp"

namespace stemma::gp {

/// A configuration and its coordinates in the unit cube.
struct Candidate {
    std::vector<double> unit;  ///< space.to_unit(configuration)
    Configuration configuration;
};

/// Turns points of the unit cube into configurations that a member may be born with. From scratch: any allowed
/// configuration. With inherited weights: a configuration with the parent's values in all parameters that are not
/// mutable. A parameter that is active in the child but not in the parent has nothing to inherit and takes the point's
/// coordinate.
class Inheritance {
public:
    /// `parent` empty: from scratch. The space must outlive this.
    Inheritance(const SearchSpace& space, ConfigurationView parent);

    bool free(std::size_t parameter) const { return free_[parameter]; }
    /// Nothing if a forbidden clause refuses it.
    std::optional<Candidate> realize(std::span<const double> unit) const;

private:
    const SearchSpace* space_;
    Configuration parent_;
    std::vector<bool> free_;
};

}  // namespace stemma::gp
