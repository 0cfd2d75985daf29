#pragma once
// The configurations that a search has tried, and draws among those that it has not. Used by the sampler of distinct
// configurations (distinct.hpp), and by models that leave out candidates that were tried.

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "core/ids.hpp"
#include "core/rng.hpp"
#include "space/search_space.hpp"

namespace stemma {

/// Numbers of a set {0, ..., size - 1} of which some are left. Memory: 4 bytes for each number.
class NumbersLeft {
public:
    explicit NumbersLeft(const std::vector<bool>& left);

    std::uint64_t count() const { return count_; }
    /// Left number `rank` < count(), in ascending order. O(log size).
    std::uint64_t at(std::uint64_t rank) const;
    /// Takes the number away, if it is left. O(log size).
    void remove(std::uint64_t number);

private:
    std::uint64_t up_to(std::uint64_t number) const;

    std::vector<std::uint32_t> tree_;  ///< Fenwick tree of counts
    std::uint64_t count_ = 0;
};

/// Two configurations are the same if they have the same active parameters with the same values. A configuration with
/// an active parameter of a continuous range is never the same as another.
///
/// A configuration is known by a number of 64 bits: its place in the full factorial grid. In spaces of 2^62
/// configurations and more it is a hash. Two of n configurations share a hash with probability n^2 / 2^65. The later is
/// then taken for tried. Memory: about 48 bytes for each configuration tried. Spaces of at most `listed_max` grid
/// points take 4 bytes for each grid point in addition, once a draw has found few left.
class Tried {
public:
    static constexpr std::uint64_t listed_max = std::uint64_t{1} << 20U;

    Tried(std::shared_ptr<const SearchSpace> space, std::uint64_t seed);

    /// O(parameters + log n).
    void add(ConfigurationView configuration);
    bool contains(ConfigurationView configuration) const;
    void clear();

    /// A random configuration that is allowed and was not tried; nothing if there is none. Draws follow the scales of
    /// the space. They are repeated up to 64 times where the space can be listed, else up to 10,000 times. After these
    /// the draw is uniform over the list of what is left. Where the space is too large for a list, the grid is walked
    /// from a random point, up to listed_max points. Coordinates: Stream(seed, Purpose::configuration, member, 2^25 +
    /// k).
    std::optional<Configuration> draw(MemberId member);
    /// All allowed configurations that were not tried, if these are at most `most` and the space has been listed; else
    /// nothing. A space of at most 4096 grid points is listed at once. Not for spaces with continuous ranges.
    std::vector<Configuration> left(std::size_t most);
    /// The number of configurations of a used-up space: of all allowed ones, where they are listed; else of those
    /// tried.
    std::uint64_t configurations() const { return left_ ? allowed_ : keys_.size(); }

private:
    friend std::optional<std::uint64_t> configurations_of(const SearchSpace& space);

    /// Nothing for a configuration with an active parameter of a continuous range.
    std::optional<std::uint64_t> key(ConfigurationView configuration) const;
    /// Grid point `number`, at coordinates `unit` of continuous ranges. Nothing if it is forbidden, or repeats an
    /// earlier point through inactivity.
    std::optional<Configuration> at(std::uint64_t number, const std::vector<double>& unit) const;
    void list();
    std::optional<Configuration> draw_freely(MemberId member) const;
    std::optional<Configuration> draw_listed(MemberId member) const;
    std::optional<Configuration> walk(MemberId member) const;
    std::vector<double> coordinates(Stream& random) const;

    std::shared_ptr<const SearchSpace> space_;
    std::uint64_t seed_;
    std::uint64_t grid_ = 1;   ///< points; 0: too many to number
    bool continuous_ = false;  ///< a range has no steps
    std::set<std::uint64_t> keys_;
    std::optional<NumbersLeft> left_;  ///< grid points; none: not listed
    std::uint64_t allowed_ = 0;        ///< of the list, tried or not
};

/// The number of different allowed configurations. Nothing where a range has no steps, or where there are more than
/// Tried::listed_max grid points. O(grid points).
std::optional<std::uint64_t> configurations_of(const SearchSpace& space);

}  // namespace stemma
