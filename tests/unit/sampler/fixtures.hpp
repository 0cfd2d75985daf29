#pragma once
#include <memory>
#include <vector>

#include "sampler/sampler.hpp"
#include "unit/space/spaces.hpp"

namespace stemma::test {

inline std::shared_ptr<const SearchSpace> share(SearchSpace space) {
    return std::make_shared<const SearchSpace>(std::move(space));
}

/// `dimensions` reals in [0, 1] without conditions.
inline std::shared_ptr<const SearchSpace> cube(std::size_t dimensions) {
    std::vector<Parameter> parameters;
    for (std::size_t i = 0; i < dimensions; ++i) parameters.push_back({numbered("x", i), Real{}, Role::fixed, {}, {}});
    return share(SearchSpace(std::move(parameters)));
}

/// Everything is forbidden.
inline std::shared_ptr<const SearchSpace> nothing_allowed() {
    return share(
        SearchSpace({{"optimiser", Categorical{{std::string("sgd"), std::string("adam")}}, Role::fixed, {}, {}}},
                    {Forbidden{{{0, {0}}}}, Forbidden{{{0, {1}}}}}));
}

/// Member i is the i-th proposal, as in a run without repeats; ends early if the sampler does.
inline std::vector<Configuration> proposals(Sampler& sampler, std::uint64_t count, std::uint64_t first = 0) {
    std::vector<Configuration> all;
    for (std::uint64_t i = first; i < first + count; ++i) {
        auto configuration = sampler.propose({{i}, i, {}});
        if (!configuration) break;
        all.push_back(*std::move(configuration));
    }
    return all;
}

}  // namespace stemma::test
