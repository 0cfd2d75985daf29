#pragma once
// Random configurations that no forbidden clause refuses. Used by the random sampler, and by samplers that fall back to
// it.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/ids.hpp"
#include "space/search_space.hpp"

namespace stemma {

class RandomDraws {
public:
    /// Draws for one member before its choices are drawn from a list of the allowed combinations.
    static constexpr std::uint32_t max_attempts = 10'000;
    /// Longest list that is searched: combinations of the choices that forbidden clauses name.
    static constexpr std::uint64_t combinations_max = std::uint64_t{1} << 20U;

    RandomDraws(std::shared_ptr<const SearchSpace> space, std::uint64_t seed);

    /// The first allowed configuration of draws number first_attempt, first_attempt + 1, .... Draw number a takes its
    /// coordinates from Stream(seed, Purpose::configuration, member, a). With a parent (not empty) the inherited values
    /// are the parent's (inheritance.hpp). After max_attempts with a parent: the parent's configuration, which is
    /// allowed. Without a parent: the choices that forbidden clauses name are drawn from all allowed combinations of
    /// them. That has the same distribution as further draws. Nothing if there is no allowed combination, or if there
    /// are more than combinations_max.
    std::optional<Configuration> draw(MemberId member, ConfigurationView parent = {}, std::uint32_t first_attempt = 0);

    const SearchSpace& space() const { return *space_; }

private:
    std::uint64_t combinations() const;
    /// Writes the coordinates of a combination of the deciding choices into unit_.
    void place(std::uint64_t combination);
    std::optional<Configuration> draw_listed(MemberId member);

    std::shared_ptr<const SearchSpace> space_;
    std::uint64_t seed_;
    /// Choices that decide whether a configuration is allowed: named by forbidden clauses, or by conditions of such
    /// choices.
    std::vector<std::size_t> deciding_;
    std::optional<std::vector<std::uint64_t>> allowed_;  ///< allowed combinations of these; none: not searched yet
    std::vector<double> unit_;                           ///< scratch, to save an allocation for each draw
};

}  // namespace stemma
