#pragma once
// One member trained through the trainer's interface, as tests do it again and again.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/test_device.hpp"
#include "trainer/torch/torch_trainer.hpp"

namespace stemma::test {

using Fixed = std::map<std::string, Literal>;
using Point = std::vector<std::pair<std::string, Literal>>;

inline Parameter real(const std::string& name, double low, double high, Scale scale, Role role = Role::hypergradient) {
    Parameter parameter;
    parameter.name = name;
    parameter.domain = Real{low, high, scale, {}};
    parameter.role = role;
    return parameter;
}

/// Learning rate, weight decay and momentum, all of which move with hypergradients.
inline std::shared_ptr<const SearchSpace> sgd_space() {
    return std::make_shared<const SearchSpace>(std::vector<Parameter>{real("lr", 1e-6, 1e-1, Scale::log),
                                                                      real("weight_decay", 1e-7, 1e-2, Scale::log),
                                                                      real("momentum", 0.0, 0.99, Scale::linear)});
}

/// Settings that name no device are for the one that tests are told.
inline TorchSettings on_test_device(TorchSettings settings) {
    if (settings.device == "cpu") settings.device = test_device();
    return settings;
}

struct Training {
    std::shared_ptr<const SearchSpace> space;
    TorchSettings settings;
    Configuration configuration;
    std::unique_ptr<Trainer> trainer;

    Training(std::shared_ptr<const SearchSpace> in, const TorchSettings& with, const Point& point)
        : space(std::move(in)),
          settings(on_test_device(with)),
          configuration(space->from_literals(point)),
          trainer(make_torch_trainer(settings, space)) {}

    Trained train(Resource from, Resource to, const Snapshot* start = nullptr, bool adopted = false) {
        auto result = trainer->train({.member = {4},
                                      .configuration = {*space, configuration},
                                      .seed = 3,
                                      .from = from,
                                      .to = to,
                                      .start = start,
                                      .adopted = adopted});
        if (auto* failure = std::get_if<TrainFailure>(&result)) throw std::runtime_error(failure->message);
        return std::get<Trained>(std::move(result));
    }

    double value(const MetricRow& row, const std::string& name) const {
        const auto metrics = trainer->metrics();
        const auto found = std::ranges::find(metrics, name, &MetricInfo::name);
        EXPECT_NE(found, metrics.end()) << name;
        return row.values[static_cast<std::size_t>(found - metrics.begin())];
    }
};

inline bool equal_content(const Snapshot& a, const Snapshot& b) {
    if (a.arrays().size() != b.arrays().size()) return false;
    return std::ranges::all_of(a.arrays(), [&](const ArrayInfo& array) {
        const auto* other = b.find(array.name);
        return other != nullptr && std::ranges::equal(a.content(array), b.content(*other));
    });
}

}  // namespace stemma::test
