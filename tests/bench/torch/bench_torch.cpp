// Training speed: samples per second for each model and batch size, on Fashion-MNIST.
//   bench_torch [threads, default 1] [training images, default 60000] [only this model, as it is printed]
//
// Each figure is of one epoch with forward, backward and Adam; one image each for validation and test. Median of three.

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>

#include "trainer/torch/torch_trainer.hpp"

namespace {

using namespace stemma;

struct Variant {
    const char* name;
    std::string model;
    bool fused;
    std::int64_t width;
};

/// Seconds of one epoch.
double epoch_seconds(Trainer& trainer, const SearchSpace& space) {
    const auto start = std::chrono::steady_clock::now();
    const auto result = trainer.train({.member = {0}, .configuration = {space, {}}, .seed = 1, .from = 0, .to = 1});
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    if (const auto* failure = std::get_if<TrainFailure>(&result)) {
        fmt::print("failed: {}\n", failure->message);
        std::exit(1);
    }
    return seconds.count();
}

double median_of_three(Trainer& trainer, const SearchSpace& space) {
    std::array<double, 3> seconds{};
    for (auto& each : seconds) each = epoch_seconds(trainer, space);
    std::ranges::sort(seconds);
    return seconds[1];
}

}  // namespace

int main(int argc, char** argv) {
    const int threads = argc > 1 ? std::atoi(argv[1]) : 1;
    const auto rows = static_cast<std::uint64_t>(argc > 2 ? std::atoll(argv[2]) : 60'000);
    const auto space = std::make_shared<const SearchSpace>();
    const std::string only = argc > 3 ? argv[3] : "";
    fmt::print("LibTorch {}, {} thread(s), {} images an epoch\n", torch_version(), threads, rows);
    fmt::print("{:<16} {:>6} {:>10} {:>12}\n", "model", "batch", "s / epoch", "samples / s");
    for (const auto& variant : {Variant{"LeNet", "lenet", true, 0}, Variant{"LeNet, composed", "lenet", false, 0},
                                Variant{"MLP 2 x 128", "mlp", true, 128}, Variant{"MLP 2 x 1024", "mlp", true, 1024}}) {
        if (!only.empty() && variant.name != only) continue;
        for (const std::int64_t batch : {64, 256, 1024}) {
            TorchSettings settings;
            settings.model = variant.model;
            settings.fused = variant.fused;
            settings.threads = threads;
            settings.train_rows = rows;
            settings.test = 1;
            settings.valid = 1;
            settings.fixed = {{"optimizer", "adam"}, {"amsgrad", true}, {"batch_size", batch}};
            if (variant.width > 0) settings.fixed["width"] = variant.width;
            const auto trainer = make_torch_trainer(settings, space);
            const double seconds = median_of_three(*trainer, *space);
            fmt::print("{:<16} {:>6} {:>10.2f} {:>12.0f}\n", variant.name, batch, seconds,
                       static_cast<double>(rows) / seconds);
        }
    }
}
