// One training for each output line, by the protocol of arXiv 2110.10461 and its authors' code: one hidden layer of 50
// ReLU units. Random initial hyperparameters, the same for all variants.
//   study_hypergradient FILE.csv TRAIN VALID TEST VARIANT FIRST_SEED SEEDS [UPDATES [SETTLE [STEPS]]]
//       UCI table; full batches, 4,000 updates
//   study_hypergradient fashion_mnist VARIANT FIRST_SEED SEEDS [UPDATES [SETTLE [STEPS]]]
//       batches of 50, 10,000 updates
// VARIANT: a variant of [trainer.hypergradient], or random_train. random_train trains on the training rows alone, for
// choosing the best of three by validation loss. SETTLE and STEPS: `settle` and `settle_steps`. Prints CSV: variant,
// seed, initial lr, wd and momentum, final lr, wd and momentum; final test and validation loss, seconds of the
// processor; with SETTLE also the number of hyper-steps. The loss is mean squared error in the target's own units, or
// cross-entropy.
#include <fmt/format.h>
#include <torch/torch.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <numeric>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "trainer/torch/data/csv.hpp"
#include "trainer/torch/device.hpp"
#include "trainer/torch/hypergradient/one_pass.hpp"
#include "trainer/torch/networks/network.hpp"

namespace {

using namespace stemma;

/// Standardized over training and validation rows together, as the authors do: unbiased deviation, one scale for y.
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

/// Debian's package: 50,000 rows for training, 10,000 for validation, each pixel standardized over both.
Data load_fashion_mnist() {
    TorchSettings settings;
    settings.split = "rows";
    settings.valid = 10'000;
    auto data = load_data(settings, torch::kCPU);
    const auto as_columns = [](const Rows& rows) { return rows.x.flatten(1).to(torch::kFloat32); };
    const auto seen = torch::cat({as_columns(data.train), as_columns(data.valid)});
    const auto mean = seen.mean(0);
    auto scale = seen.std(0, /*unbiased=*/true);
    scale = torch::where(scale > 0, scale, torch::ones_like(scale));
    for (auto* rows : {&data.train, &data.valid, &data.test}) rows->x = (as_columns(*rows) - mean) / scale;
    data.tune = {torch::cat({data.train.x, data.valid.x}), torch::cat({data.train.y, data.valid.y})};
    return data;
}

torch::Tensor loss_of(Network& network, const Rows& rows) {
    const auto output = network.forward(rows.x);
    if (rows.y.scalar_type() == torch::kInt64) return torch::nll_loss(torch::log_softmax(output, 1), rows.y);
    return torch::mse_loss(output.squeeze(1), rows.y);
}

/// Batches without end. Each epoch has a new order, and its last batch may be short. Size 0: all rows, always.
class Batches {
public:
    Batches(const Rows& rows, std::int64_t size, std::uint64_t seed)
        : rows_(rows), size_(size), seed_(seed), at_(rows.size()) {}

    Rows next() {
        if (size_ == 0) return rows_;
        if (at_ >= rows_.size()) {
            Stream stream(seed_, Purpose::data_order, epoch_++);
            std::vector<std::int64_t> order(static_cast<std::size_t>(rows_.size()));
            std::iota(order.begin(), order.end(), std::int64_t{0});
            for (auto left = order.size(); left > 1; --left) std::swap(order[left - 1], order[stream.below(left)]);
            order_ = torch::tensor(order, torch::kInt64);
            at_ = 0;
        }
        const auto batch = order_.slice(0, at_, std::min(at_ + size_, rows_.size()));
        at_ += size_;
        return {rows_.x.index_select(0, batch), rows_.y.index_select(0, batch)};
    }

private:
    const Rows& rows_;
    std::int64_t size_;
    std::uint64_t seed_;
    std::uint64_t epoch_ = 0;
    std::int64_t at_;
    torch::Tensor order_;
};

void run(const Data& data, std::int64_t batch_size, const std::string& variant, std::uint64_t seed, int updates,
         double settle, std::int64_t settle_steps) {
    const auto begin = std::clock();
    Stream draws(seed, Purpose::configuration, 0);
    HyperStart start;
    start.used = {std::pow(10.0, draws.uniform(-6, -1)), std::pow(10.0, draws.uniform(-7, -2)), draws.uniform(), 0.999};
    HypergradientSettings settings;
    settings.variant = variant == "random_train" ? "random" : variant;
    settings.settle = settle;
    settings.settle_steps = settle_steps;
    for (const auto& name : moved_by(settings.variant)) {
        if (!name.starts_with("beta")) start.moves[name == "lr" ? 0 : name == "weight_decay" ? 1 : 2] = true;
    }
    const auto& train = uses_validation(settings.variant) || variant == "random_train" ? data.train : data.tune;
    const auto& other = uses_validation(settings.variant) ? data.valid : data.tune;

    Hyperparameters h;
    h.layers = 1;
    h.width = 50;
    auto generator = make_generator(torch::kCPU);
    generator.set_current_seed(derive_seed(seed, Purpose::training, 0));
    const auto network = make_network("mlp", {data, h, {}, generator});
    OnePass one_pass(network->parameters(), "sgd", 1e-8, false, start, settings, seed);
    Batches train_batches(train, batch_size, derive_seed(seed, Purpose::data_order, 0));
    Batches other_batches(other, batch_size, derive_seed(seed, Purpose::data_order, 1));
    for (int i = 0; i < updates; ++i) {
        const auto batch = train_batches.next();
        one_pass.update({[&] { return loss_of(*network, batch); },
                         [&] { return loss_of(*network, other_batches.next()); },
                         {},
                         [&] { return network->curvature(batch.x, batch.y); }});
    }

    const torch::NoGradGuard no_grad;
    const auto point = one_pass.values().point();
    const double unit = data.target_scale * data.target_scale;
    const auto took = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    fmt::print("{},{},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.8g},{:.8g},{:.3f}", variant, seed, start.used[0],
               start.used[1], start.used[2], point.used[0], point.used[1], point.used[2],
               loss_of(*network, data.test).item<double>() * unit, loss_of(*network, data.valid).item<double>() * unit,
               took);
    if (settle > 0) fmt::print(",{}", one_pass.hyper_steps());
    fmt::print("\n");
    std::fflush(stdout);
}

}  // namespace

int main(int count, char** arguments) {
    const bool images = count > 1 && std::string(arguments[1]) == "fashion_mnist";
    const int shift = images ? 3 : 0;  // numbers of rows are not given
    if (count < 8 - shift) {
        fmt::print(stderr,
                   "study_hypergradient FILE.csv TRAIN VALID TEST VARIANT FIRST_SEED SEEDS [UPDATES [SETTLE [STEPS]]]\n"
                   "study_hypergradient fashion_mnist VARIANT FIRST_SEED SEEDS [UPDATES [SETTLE [STEPS]]]\n");
        return 2;
    }
    set_threads(1);
    set_process_flags({}, torch::kCPU);
    const auto number = [&](int index) { return std::strtoll(arguments[index], nullptr, 10); };
    const auto data = images ? load_fashion_mnist() : load(arguments[1], number(2), number(3), number(4));
    const int updates = count > 8 - shift ? static_cast<int>(number(8 - shift)) : images ? 10'000 : 4000;
    const double settle = count > 9 - shift ? std::strtod(arguments[9 - shift], nullptr) : 0;
    const auto settle_steps = count > 10 - shift ? number(10 - shift) : HypergradientSettings().settle_steps;
    const auto first = number(6 - shift);
    for (auto seed = first; seed < first + number(7 - shift); ++seed)
        run(data, images ? 50 : 0, arguments[5 - shift], static_cast<std::uint64_t>(seed), updates, settle,
            settle_steps);
    return 0;
}
