#pragma once
// Random configurations that no forbidden clause refuses: shared by the random sampler and by those that fall back to
// it.

#include <cstdint>
#include <memory>
#include <vector>

#include "core/ids.hpp"
#include "space/search_space.hpp"

namespace stemma {

class RandomDraws {
public:
    /// Draws for one member before the space counts as forbidden throughout.
    static constexpr std::uint32_t max_attempts = 10'000;

    RandomDraws(std::shared_ptr<const SearchSpace> space, std::uint64_t seed);

    /// The first allowed one of draws number first_attempt, first_attempt + 1, ...; draw number a takes its coordinates
    /// from Stream(seed, Purpose::configuration, member, a). With a parent (not empty) the inherited values are its
    /// (inheritance.hpp). After max_attempts: the parent's configuration, which is allowed, or, without parent, throws
    /// UserError naming the clauses.
    Configuration draw(MemberId member, ConfigurationView parent = {}, std::uint32_t first_attempt = 0);

    const SearchSpace& space() const { return *space_; }

private:
    std::shared_ptr<const SearchSpace> space_;
    std::uint64_t seed_;
    std::vector<double> unit_;  ///< scratch, to spare an allocation for each draw
};

}  // namespace stemma
