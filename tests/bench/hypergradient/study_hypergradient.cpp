// One training a line on a UCI table, by the protocol of arXiv 2110.10461 and its authors' code: full batches, one
// hidden layer of 50 ReLU units, 4,000 updates from random hyperparameters that are the same for all variants.
//   study_hypergradient FILE.csv TRAIN VALID TEST VARIANT FIRST_SEED SEEDS [UPDATES]
// VARIANT: one of [trainer.hypergradient], or random_train (random on the training rows alone, for choosing one of
// three by validation loss). Prints CSV: variant, seed, initial lr, wd and momentum, final ones, final test and
// validation mean squared error in the target's own units, seconds.
#include <fmt/format.h>
#include <torch/torch.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "trainer/torch/csv.hpp"
#include "trainer/torch/device.hpp"
#include "trainer/torch/hypergradient/one_pass.hpp"
#include "trainer/torch/network.hpp"

namespace {

using namespace stemma;

/// Standardised over training and validation rows together, as the authors do: unbiased deviation, one scale for y.
Data load(const std::string& file, std::int64_t train, std::int64_t valid, std::int64_t test) {
    const auto table = read_csv(file);
    const auto rows = static_cast<std::int64_t>(table.rows()),
               columns = static_cast<std::int64_t>(table.columns.size());
    if (train + valid + test != rows)
        throw UserError(fmt::format("{} has {} rows, not TRAIN + VALID + TEST", file, rows));
    const auto all =
        torch::from_blob(const_cast<double*>(table.values.data()), {rows, columns}, torch::kFloat64).clone();
    const auto seen = all.slice(0, 0, train + valid);
    const auto mean = seen.mean(0);
    auto scale = seen.std(0, /*unbiased=*/true);
    scale = torch::where(scale > 0, scale, torch::ones_like(scale));
    const auto standard = ((all - mean) / scale).to(torch::kFloat32);
    const auto part = [&](std::int64_t first, std::int64_t size) {
        return Rows{standard.slice(0, first, first + size).slice(1, 0, columns - 1).contiguous(),
                    standard.slice(0, first, first + size).select(1, columns - 1).contiguous()};
    };
    Data data;
    data.train = part(0, train);
    data.valid = part(train, valid);
    data.test = part(train + valid, test);
    data.tune = part(0, train + valid);
    data.target_scale = scale[columns - 1].item<double>();
    return data;
}

torch::Tensor loss_of(Network& network, const Rows& rows) {
    return torch::mse_loss(network.forward(rows.x).squeeze(1), rows.y);
}

void run(const Data& data, const std::string& variant, std::uint64_t seed, int updates) {
    const auto begin = std::chrono::steady_clock::now();
    Stream draws(seed, Purpose::configuration, 0);
    HyperStart start;
    start.used = {std::pow(10.0, draws.uniform(-6, -1)), std::pow(10.0, draws.uniform(-7, -2)), draws.uniform(), 0.999};
    HypergradientSettings settings;
    settings.variant = variant == "random_train" ? "random" : variant;
    for (const auto& name : moved_by(settings.variant, "sgd"))
        start.moves[name == "lr" ? 0 : name == "weight_decay" ? 1 : 2] = true;
    const auto& train = uses_validation(settings.variant) || variant == "random_train" ? data.train : data.tune;
    const auto& other = uses_validation(settings.variant) ? data.valid : data.tune;

    Hyperparameters h;
    h.layers = 1;
    h.width = 50;
    auto generator = make_generator(torch::kCPU);
    generator.set_current_seed(derive_seed(seed, Purpose::training, 0));
    const auto network = make_network("mlp", data, h, false, generator);
    OnePass one_pass(network->parameters(), "sgd", 1e-8, false, start, settings, seed);
    const OnePass::Batch batch{[&] { return loss_of(*network, train); },
                               [&] { return loss_of(*network, other); },
                               {},
                               [&] { return network->curvature(train.x, train.y); }};
    for (int i = 0; i < updates; ++i) one_pass.update(batch);

    const torch::NoGradGuard no_grad;
    const auto point = one_pass.values().point();
    const double unit = data.target_scale * data.target_scale;
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    fmt::print("{},{},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.8g},{:.8g},{:.3f}\n", variant, seed, start.used[0],
               start.used[1], start.used[2], point.used[0], point.used[1], point.used[2],
               loss_of(*network, data.test).item<double>() * unit, loss_of(*network, data.valid).item<double>() * unit,
               took.count());
    std::fflush(stdout);
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 8) {
        fmt::print(stderr, "study_hypergradient FILE.csv TRAIN VALID TEST VARIANT FIRST_SEED SEEDS [UPDATES]\n");
        return 2;
    }
    torch::set_num_threads(1);
    const auto number = [&](int index) { return std::strtoll(arguments[index], nullptr, 10); };
    const auto data = load(arguments[1], number(2), number(3), number(4));
    const int updates = count > 8 ? static_cast<int>(number(8)) : 4000;
    for (std::int64_t seed = number(6); seed < number(6) + number(7); ++seed)
        run(data, arguments[5], static_cast<std::uint64_t>(seed), updates);
    return 0;
}
