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

/// 10^5 combinations, of which two are allowed (7 or 3, then 3 each). Too few for draws. Also a range.
inline std::shared_ptr<const SearchSpace> little_allowed() {
    std::vector<Parameter> parameters;
    std::vector<Forbidden> forbidden;
    for (std::size_t i = 0; i < 5; ++i) {
        std::vector<Literal> choices;
        std::vector<std::uint32_t> bad;
        for (std::uint32_t value = 0; value < 10; ++value) {
            choices.emplace_back(std::int64_t{value});
            if (value != 3 && (i > 0 || value != 7)) bad.push_back(value);
        }
        parameters.push_back({"c" + std::to_string(i), Categorical{choices}, Role::fixed, {}, {}});
        forbidden.push_back({{{i, bad}}});
    }
    parameters.push_back({"x", Real{0, 1, Scale::linear, {}}, Role::fixed, {}, {}});
    return share(SearchSpace(std::move(parameters), std::move(forbidden)));
}

/// `count` flags. The last one decides too late that all others must be 0: 2^(count - 1) dead ends before it.
inline std::shared_ptr<const SearchSpace> flags_decided_last(std::size_t count) {
    std::vector<Parameter> parameters;
    std::vector<Forbidden> forbidden;
    for (std::size_t i = 0; i < count; ++i) {
        parameters.push_back({numbered("flag", i), Categorical{{false, true}}, Role::fixed, {}, {}});
        if (i + 1 < count) forbidden.push_back({{{i, {1}}, {count - 1, {0, 1}}}});
    }
    return share(SearchSpace(std::move(parameters), std::move(forbidden)));
}

/// Everything is forbidden.
inline std::shared_ptr<const SearchSpace> nothing_allowed() {
    return share(
        SearchSpace({{"optimizer", Categorical{{std::string("sgd"), std::string("adam")}}, Role::fixed, {}, {}}},
                    {Forbidden{{{0, {0}}}}, Forbidden{{{0, {1}}}}}));
}

/// Member i is the i-th proposal, as in a run without repeats. Ends early if the sampler does.
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
