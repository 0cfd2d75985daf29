#include "trainings.hpp"

#include <fstream>

#include "unit/torch/small_data.hpp"

namespace stemma::gpu {
namespace {

constexpr std::int64_t cifar_files = 5;

/// CIFAR-10's files with at least so many training images.
std::string cifar(std::int64_t images) {
    const auto folder = test::SmallData::folder() / ("cifar_" + std::to_string(images));
    if (!std::filesystem::exists(folder))
        test::write_cifar(folder, static_cast<unsigned>((images + cifar_files - 1) / cifar_files));
    return folder.string();
}

/// A text with at least so many words, of 2,000 different ones.
std::string text(std::int64_t words) {
    const auto path = test::SmallData::folder() / (std::to_string(words) + "_words.txt");
    if (std::filesystem::exists(path)) return path.string();
    test::Numbers numbers;
    std::ofstream out(path);
    for (std::int64_t word = 0; word < words; ++word) {
        out << "word" << numbers.below(2000) << (word % 20 == 19 ? '\n' : ' ');
    }
    return path.string();
}

void place_data(const Request& request, TorchSettings& settings) {
    const auto updates = request.to + 1;  // the epoch does not end
    if (request.model == "lstm") {
        settings.data = "text";
        settings.path = text(2 * updates * request.batch * request.sequence);  // a fifth is validation and test
        settings.fixed["sequence"] = request.sequence;
        settings.fixed["gradient_clip"] = 0.25;
        return;
    }
    const auto valid = 2 * request.batch;
    settings.valid = static_cast<double>(valid);
    settings.test = 1;
    settings.train_rows = static_cast<std::uint64_t>(updates * request.batch);
    settings.path = request.fashion_mnist;
    if (request.model != "resnet18") return;
    settings.data = "cifar10";
    settings.path = cifar(updates * request.batch + valid);
}

}  // namespace

test::Training training(const Request& request, const std::string& variant) {
    const auto role = variant.empty() ? Role::mutable_value : Role::hypergradient;
    const auto space = std::make_shared<const SearchSpace>(std::vector{
        test::real("lr", 1e-6, 1e-1, Scale::log, role), test::real("weight_decay", 1e-7, 1e-2, Scale::log, role),
        test::real("momentum", 0.0, 0.99, Scale::linear, role)});
    TorchSettings settings;
    settings.model = request.model;
    settings.device = request.device;
    settings.unit = "step";
    settings.run_seed = 5;
    settings.fixed = {{"optimizer", "sgd"}, {"batch_size", request.batch}};
    if (request.width > 0) settings.fixed["width"] = request.width;
    if (request.layers > 0) settings.fixed["layers"] = request.layers;
    if (request.model == "lenet") settings.fixed["dropout"] = 0.25;
    place_data(request, settings);
    if (!variant.empty()) settings.hypergradient = HypergradientSettings{.variant = variant, .log_every = 1'000'000};
    return {space, settings, {{"lr", 1e-3}, {"weight_decay", 1e-4}, {"momentum", 0.9}}};
}

std::int64_t samples_of_update(const Request& request) {
    return request.model == "lstm" ? request.batch * request.sequence : request.batch;
}

}  // namespace stemma::gpu
