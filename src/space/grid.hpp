#pragma once
// The full factorial grid over a search space, numbered; only points that stand for a configuration of their own count.

#include <cstdint>
#include <vector>

#include "space/search_space.hpp"

namespace stemma {

/// A real takes `points` values evenly spaced on its scale, both bounds included (one point: the centre); so does an
/// integer without step that has more than `points` values (on a log scale several may fall together and count once).
/// Everything else takes all its values.
class Grid {
public:
    /// Refers to `space`. Throws UserError if points == 0.
    Grid(const SearchSpace& space, std::uint32_t points);

    /// Largest number plus one, duplicates and forbidden points included; clipped to 2^62.
    std::uint64_t size() const { return size_; }
    /// Points that count, up to `most`; looks at no more numbers than that.
    std::uint64_t count(std::uint64_t most) const;
    /// The first number >= `from` whose point is neither forbidden nor, through inactivity, the same configuration as
    /// one before it; size() if there is none. Runs of duplicates are jumped over, forbidden points are visited.
    std::uint64_t next(std::uint64_t from) const;
    /// The configuration of point `number` < size(). The last parameter moves fastest.
    Configuration at(std::uint64_t number) const;

private:
    /// 0 if the point stands for itself, else the distance to the next number that may.
    std::uint64_t duplicates(std::uint64_t number, const Configuration& configuration) const;

    const SearchSpace* space_;
    std::vector<std::vector<Value>> values_;  ///< of each parameter
    std::vector<std::uint64_t> strides_;      ///< of each parameter; clipped to 2^62
    std::uint64_t size_ = 1;
};

}  // namespace stemma
