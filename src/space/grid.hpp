#pragma once
// The full factorial grid over a search space, numbered. Duplicates and forbidden points keep their number, uncounted.

#include <cstdint>
#include <vector>

#include "space/search_space.hpp"

namespace stemma {

/// A real takes `points` values evenly spaced on its scale, both bounds included; one point is the center. An integer
/// without step and with more than `points` values does the same. On a log scale several of these values may coincide
/// and count once. All other parameters take all their values.
class Grid {
public:
    /// Keeps a reference to `space`. Throws UserError if points == 0.
    Grid(const SearchSpace& space, std::uint32_t points);

    /// Largest number plus one, duplicates and forbidden points included. Clipped to 2^62.
    std::uint64_t size() const { return size_; }
    /// The number of points that count, up to `most`. Looks at no more numbers than `most`.
    std::uint64_t count(std::uint64_t most) const;
    /// The first number >= `from` whose point is allowed and no duplicate of an earlier point through inactivity;
    /// size() if there is none. Runs of duplicates are skipped, forbidden points are visited.
    std::uint64_t next(std::uint64_t from) const;
    /// The configuration of point `number` < size(). The last parameter moves fastest.
    Configuration at(std::uint64_t number) const;

private:
    /// 0 if the point is no duplicate, else the distance to the next number that may be none.
    std::uint64_t duplicates(std::uint64_t number, const Configuration& configuration) const;

    const SearchSpace* space_;
    std::vector<std::vector<Value>> values_;  ///< of each parameter
    std::vector<std::uint64_t> strides_;      ///< of each parameter; clipped to 2^62
    std::uint64_t size_ = 1;
};

}  // namespace stemma
