#pragma once
// Search spaces for tests: a typical one, and random ones.

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/rng.hpp"
#include "space/search_space.hpp"

namespace stemma::test {

enum TrainingParameter : std::size_t { lr, optimizer, momentum, nesterov, batch, depth, epochs_unit };

/// A condition on a condition (nesterov on momentum's parent and on itself) and a forbidden clause.
inline SearchSpace training_space() {
    return SearchSpace(
        {
            {"lr", Real{1e-5, 1, Scale::log, {}}, Role::mutable_value, 1e-3, {}},
            {"optimizer", Categorical{{std::string("sgd"), std::string("adam")}}, Role::fixed, {}, {}},
            {"momentum", Ordinal{{0.0, 0.9, 0.99}}, Role::mutable_value, {}, {{optimizer, {0}}}},
            {"nesterov", Categorical{{false, true}}, Role::fixed, {}, {{momentum, {1, 2}}}},
            {"batch", Integer{16, 256, Scale::log, {}}, Role::fixed, {}, {}},
            {"depth", Integer{1, 4, Scale::linear, {}}, Role::fixed, {}, {}},
            {"epochs_unit", Constant{std::int64_t{1}}, Role::fixed, {}, {}},
        },
        {Forbidden{{{optimizer, {0}}, {momentum, {2}}, {nesterov, {1}}}}});
}

/// "x7".
inline std::string numbered(const char* name, std::uint64_t number) {
    std::string text = name;
    text += std::to_string(number);
    return text;
}

inline Real random_real(Stream& random) {
    Real real;
    real.scale = static_cast<Scale>(random.below(3));
    if (real.scale == Scale::logit) {
        real.low = std::pow(10.0, -1 - 8 * random.uniform());
        real.high = 1 - std::pow(10.0, -1 - 8 * random.uniform());
    } else if (real.scale == Scale::log) {
        real.low = std::pow(10.0, random.uniform(-30, 10));
        real.high = real.low * std::pow(10.0, random.uniform(0.1, 12));
    } else {
        const double size = std::pow(10.0, random.uniform(-20, 20));
        real.low = random.uniform(-size, size);
        real.high = real.low + size * std::pow(10.0, random.uniform(-4, 2));
    }
    if (random.below(3) == 0) real.step = (real.high - real.low) / random.uniform(0.7, 5000);
    const auto largest = std::max(std::abs(real.low), std::abs(real.high));
    if (real.step && *real.step < 1e-9 * largest) real.step.reset();
    return real;
}

inline Integer random_integer(Stream& random) {
    Integer integer;
    integer.scale = random.below(2) == 0 ? Scale::linear : Scale::log;
    const auto size = std::uint64_t{1} << (1 + random.below(30));
    integer.low = static_cast<std::int64_t>(1 + random.below(size));
    integer.high = integer.low + 1 + static_cast<std::int64_t>(random.below(size));
    if (integer.scale == Scale::linear && random.below(2) == 0) {
        integer.low -= 5'000'000'000;
        integer.high -= 5'000'000'000;
    }
    if (random.below(3) == 0) integer.step = 1 + static_cast<std::int64_t>(random.below(size));
    return integer;
}

inline std::vector<Literal> random_choices(Stream& random) {
    std::vector<Literal> choices;
    const auto count = 1 + random.below(6);
    for (std::uint64_t i = 0; i < count; ++i) choices.emplace_back(numbered("choice", i));
    return choices;
}

inline Domain random_domain(Stream& random) {
    switch (random.below(5)) {
        case 0:
            return random_integer(random);
        case 1:
            return Categorical{random_choices(random)};
        case 2:
            return Ordinal{random_choices(random)};
        case 3:
            return Constant{0.5};
        default:
            return random_real(random);
    }
}

inline std::vector<std::uint32_t> some_choices(Stream& random, const Domain& domain) {
    const auto* categorical = std::get_if<Categorical>(&domain);
    const auto* ordinal = std::get_if<Ordinal>(&domain);
    const auto count = categorical ? categorical->choices.size() : ordinal ? ordinal->levels.size() : 0;
    std::vector<std::uint32_t> some;
    for (std::uint32_t i = 0; i < count; ++i) {
        if (random.below(2) == 0) some.push_back(i);
    }
    return some;
}

/// 1 to 8 parameters of all kinds with random conditions and up to one forbidden clause over two choices.
inline SearchSpace random_space(std::uint64_t seed) {
    Stream random(seed, Purpose::test);
    std::vector<Parameter> parameters;
    std::vector<Condition> conditions;
    const auto count = 1 + random.below(8);
    for (std::uint64_t i = 0; i < count; ++i) {
        Parameter parameter{numbered("p", i), random_domain(random), Role::fixed, {}, {}};
        for (const auto& condition : conditions) {
            if (random.below(3) == 0) parameter.when.push_back(condition);
        }
        auto some = some_choices(random, parameter.domain);
        if (!some.empty()) conditions.push_back({i, std::move(some)});
        parameters.push_back(std::move(parameter));
    }
    std::vector<Forbidden> forbidden;
    if (conditions.size() >= 2 && random.below(2) == 0) {
        // One choice of each, so that some configurations stay allowed.
        const Condition first{conditions[0].parameter, {conditions[0].any_of[0]}};
        const Condition second{conditions[1].parameter, {conditions[1].any_of[0]}};
        forbidden.push_back({{first, second}});
    }
    return SearchSpace(std::move(parameters), std::move(forbidden));
}

inline std::vector<double> random_unit(Stream& random, std::size_t size) {
    std::vector<double> unit(size);
    for (auto& coordinate : unit) coordinate = random.uniform();
    return unit;
}

}  // namespace stemma::test
