#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <stdexcept>

#include "commands.hpp"
#include "device_counts.hpp"

namespace stemma::gpu {
namespace {

struct Contender {
    std::string name;
    test::Training training;
    std::vector<double> shorter = {}, longer = {};  ///< seconds of the trainings, by round
    std::optional<double> waits = {};               ///< in a step
};

struct Cost {
    double seconds;
    std::optional<std::int64_t> waits;
};

Cost cost(test::Training& training, std::int64_t updates) {
    const torch::Device device(training.settings.device);
    const auto before = waits(device);
    const auto start = std::chrono::steady_clock::now();
    training.train(0, updates);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    return {took.count(), before ? std::optional(*waits(device) - *before) : std::nullopt};
}

void measure(const Request& request, Contender& contender) {
    const auto shorter = cost(contender.training, request.from), longer = cost(contender.training, request.to);
    const auto updates = static_cast<double>(request.to - request.from);
    contender.shorter.push_back(shorter.seconds);
    contender.longer.push_back(longer.seconds);
    if (longer.waits) contender.waits = static_cast<double>(*longer.waits - *shorter.waits) / updates;
}

/// By the fastest trainings, which other work disturbs least.
double seconds_of_step(const Request& request, const Contender& contender) {
    const auto seconds = std::ranges::min(contender.longer) - std::ranges::min(contender.shorter);
    if (seconds <= 0) throw std::runtime_error("the longer training was no slower: more steps are needed");
    return seconds / static_cast<double>(request.to - request.from);
}

}  // namespace

int steps(const Request& request) {
    std::vector<Contender> contenders;
    contenders.push_back({"plain", training(request)});
    for (const auto& variant : request.variants) contenders.push_back({variant, training(request, variant)});
    for (auto& contender : contenders) contender.training.train(0, request.from);  // warms up
    for (std::int64_t round = 0; round < request.rounds; ++round) {
        for (auto& contender : contenders) measure(request, contender);
    }
    for (const auto& contender : contenders) {
        const auto seconds = seconds_of_step(request, contender);
        std::printf("%s %.6g %.6g ", contender.name.c_str(), 1 / seconds,
                    static_cast<double>(samples_of_update(request)) / seconds);
        contender.waits ? std::printf("%.4g\n", *contender.waits) : std::printf("-\n");
    }
    return 0;
}

}  // namespace stemma::gpu
