#pragma once
// The configurations that a search has tried, and draws among those that it has not. Used by the sampler of distinct
// configurations (distinct.hpp), and by models that leave out candidates that were tried.

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "core/ids.hpp"
#include "core/rng.hpp"
#include "sampler/combinations.hpp"
#include "space/search_space.hpp"

namespace stemma {

/// Two configurations are the same if they have the same active parameters with the same values. A configuration with
/// an active parameter of a continuous range is never the same as another.
///
/// A configuration is known by a number of 64 bits: its place in the full factorial grid. In spaces of 2^62
/// configurations and more it is a hash. Two of n configurations share a hash with probability n^2 / 2^65. The later is
/// then taken for tried. Memory: about 48 bytes for each configuration tried, and the list of what is left.
///
/// What is left is listed once that is at most `few_max` configurations. The space is counted for that, with a bound
/// on the work. Where the bound does not suffice nothing is ever listed, and no claim is made that nothing is left. All
/// answers depend on the configurations added alone.
class Tried {
public:
    static constexpr std::size_t few_max = std::size_t{1} << 14U;

    Tried(std::shared_ptr<const SearchSpace> space, std::uint64_t seed);

    /// O(parameters + log n), and O(few_max) once there is a list.
    void add(ConfigurationView configuration);
    bool contains(ConfigurationView configuration) const;
    void clear();

    /// A random configuration that is allowed and was not tried. Nothing if none is left (used_up() then has a value),
    /// or if none is found. Up to 64 draws follow the scales of the space. Then the draw is uniform over the list of
    /// what is left. Without a list the tree of configurations is searched from a random point, up to 2^16 values
    /// (about 5 ms). Coordinates: Stream(seed, Purpose::configuration, member, 2^25 + k).
    std::optional<Configuration> draw(MemberId member);
    /// All allowed configurations that were not tried, if these are known to be at most `most` and few_max; else
    /// nothing.
    std::vector<Configuration> left(std::size_t most);
    /// The number of configurations of the space, if a list has shown that all were tried.
    std::optional<std::uint64_t> used_up() const;

private:
    struct Left {
        std::uint64_t key;
        Configuration configuration;
    };

    /// Nothing for a configuration with an active parameter of a continuous range.
    std::optional<std::uint64_t> key(ConfigurationView configuration) const;
    /// True if the space is known to have no more than `limit` configurations.
    bool at_most(std::uint64_t limit);
    void list(std::size_t most);
    std::optional<Configuration> draw_freely(MemberId member) const;
    std::optional<Configuration> seek(MemberId member) const;
    std::vector<double> coordinates(Stream& random) const;

    std::shared_ptr<const SearchSpace> space_;
    std::uint64_t seed_;
    Combinations combinations_;
    std::uint64_t grid_ = 1;  ///< points; 0: too many to number
    std::set<std::uint64_t> keys_;
    std::optional<std::vector<Left>> left_;  ///< none: not listed
    // What is known of the number of configurations.
    std::optional<std::uint64_t> count_;
    std::uint64_t more_than_ = 0;
    std::uint64_t uncounted_from_ = std::numeric_limits<std::uint64_t>::max();  ///< the work does not suffice
};

/// The number of different allowed configurations. Nothing where an active range has no steps, where there are more
/// than 2^20, or where forbidden clauses and conditions make the count expensive. No more than about 50 ms.
std::optional<std::uint64_t> configurations_of(const SearchSpace& space);

}  // namespace stemma
