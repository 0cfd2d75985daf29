#include "trainer/torch/data.hpp"

#include <cmath>
#include <filesystem>
#include <numeric>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "core/suggest.hpp"
#include "trainer/torch/csv.hpp"
#include "trainer/torch/idx.hpp"

namespace stemma {
namespace {

namespace fs = std::filesystem;

constexpr const char* fashion_mnist_folder = "/usr/share/datasets/fashion-mnist";

std::string idx_file(const TorchSettings& settings, const std::string& name) {
    const auto folder = fs::path(settings.path.empty() ? fashion_mnist_folder : settings.path);
    for (const auto* ending : {".gz", ""}) {
        if (const auto file = folder / (name + ending); fs::exists(file)) return file.string();
    }
    throw UserError("Fashion-MNIST: no " + name + ".gz in " + folder.string() +
                    "; `apt install dataset-fashion-mnist` puts it into " + fashion_mnist_folder +
                    ", or name its folder as trainer.path");
}

/// Row numbers 0 .. n-1, in order or permuted by a stream keyed by (run seed, which).
std::vector<std::int64_t> numbered(std::int64_t n, const TorchSettings& settings, std::uint64_t which) {
    std::vector<std::int64_t> rows(static_cast<std::size_t>(n));
    std::iota(rows.begin(), rows.end(), std::int64_t{0});
    if (settings.split == "rows") return rows;
    Stream stream(settings.run_seed, Purpose::split, which);
    for (auto left = rows.size(); left > 1; --left) std::swap(rows[left - 1], rows[stream.below(left)]);
    return rows;
}

std::int64_t share(double size, std::int64_t rows, double fallback) {
    const double wanted = size == 0 ? fallback : size;
    return std::llround(wanted < 1 ? wanted * static_cast<double>(rows) : wanted);
}

void demand_rows(const std::string& name, std::int64_t total, std::int64_t train, std::int64_t valid,
                 std::int64_t test) {
    if (train >= 1 && valid >= 1 && test >= 1) return;
    throw UserError(name + " has " + std::to_string(total) + " rows: trainer.valid and trainer.test leave " +
                    std::to_string(std::max<std::int64_t>(train, 0)) + " for training, " + std::to_string(valid) +
                    " for validation, " + std::to_string(test) + " for test; each needs at least one");
}

Rows pick(const Rows& rows, const std::vector<std::int64_t>& order, std::int64_t first, std::int64_t count) {
    const auto index = torch::tensor(order, torch::kInt64).slice(0, first, first + count);
    return {rows.x.index_select(0, index), rows.y.index_select(0, index)};
}

Rows read_images(const TorchSettings& settings, const std::string& prefix) {
    const auto images = read_idx(idx_file(settings, prefix + "-images-idx3-ubyte"), 3);
    const auto labels = read_idx(idx_file(settings, prefix + "-labels-idx1-ubyte"), 1);
    if (images.shape[0] != labels.shape[0]) {
        throw UserError("Fashion-MNIST: " + prefix + " has " + std::to_string(images.shape[0]) + " images, but " +
                        std::to_string(labels.shape[0]) + " labels; install it anew");
    }
    const auto bytes = torch::TensorOptions().dtype(torch::kUInt8);
    auto* pixels = const_cast<std::uint8_t*>(images.bytes.data());  // from_blob only reads: clone() and to() copy
    auto* classes = const_cast<std::uint8_t*>(labels.bytes.data());
    return {torch::from_blob(pixels, {images.shape[0], 1, images.shape[1], images.shape[2]}, bytes).clone(),
            torch::from_blob(classes, {labels.shape[0]}, bytes).to(torch::kInt64)};
}

Data fashion_mnist(const TorchSettings& settings) {
    Data data;
    data.name = "Fashion-MNIST";
    data.classes = 10;
    const auto train = read_images(settings, "train");
    const auto test = read_images(settings, "t10k");
    for (const auto& rows : {train, test}) {
        if (rows.y.max().item<std::int64_t>() >= data.classes)
            throw UserError("Fashion-MNIST: a label is above 9; install it anew");
    }
    auto train_order = numbered(train.size(), settings, 0);
    auto test_order = numbered(test.size(), settings, 1);
    if (settings.valid == 0) {
        const auto half = test.size() / 2;
        const auto tests = settings.test == 0 ? test.size() - half : share(settings.test, test.size(), 1);
        demand_rows(data.name, test.size(), train.size(), half, std::min(tests, test.size() - half));
        data.train = pick(train, train_order, 0, train.size());
        data.valid = pick(test, test_order, 0, half);
        data.test = pick(test, test_order, half, std::min(tests, test.size() - half));
        return data;
    }
    const auto valids = share(settings.valid, train.size(), 0);
    const auto tests = settings.test == 0 ? test.size() : std::min(share(settings.test, test.size(), 1), test.size());
    demand_rows(data.name, train.size(), train.size() - valids, valids, tests);
    data.train = pick(train, train_order, 0, train.size() - valids);
    data.valid = pick(train, train_order, train.size() - valids, valids);
    data.test = pick(test, test_order, 0, tests);
    return data;
}

/// Columns without spread are left at 0.
std::pair<torch::Tensor, torch::Tensor> mean_and_scale(const torch::Tensor& values) {
    auto scale = values.std(0, /*unbiased=*/false);
    return {values.mean(0), torch::where(scale > 0, scale, torch::ones_like(scale))};
}

Data csv(const TorchSettings& settings) {
    const auto table = read_csv(settings.path);
    auto target = table.columns.size() - 1;
    if (!settings.target.empty()) {
        const auto found = std::find(table.columns.begin(), table.columns.end(), settings.target);
        if (found == table.columns.end()) {
            throw UserError("data file " + settings.path + " has no column \"" + settings.target +
                            "\" (trainer.target)" + did_you_mean(settings.target, table.columns));
        }
        target = static_cast<std::size_t>(found - table.columns.begin());
    }
    if (table.columns.size() < 2)
        throw UserError("data file " + settings.path + " has one column; nothing is left to predict it from");

    const auto n = static_cast<std::int64_t>(table.rows());
    const auto valids = share(settings.valid, n, 0.1);
    const auto tests = share(settings.test, n, 0.1);
    const auto trains = n - valids - tests;
    demand_rows(settings.path, n, trains, valids, tests);

    const auto columns = static_cast<std::int64_t>(table.columns.size());
    const auto all = torch::from_blob(const_cast<double*>(table.values.data()), {n, columns}, torch::kFloat64)
                         .index_select(0, torch::tensor(numbered(n, settings, 0), torch::kInt64));
    auto features = torch::cat(
        {all.slice(1, 0, static_cast<std::int64_t>(target)), all.slice(1, static_cast<std::int64_t>(target) + 1)}, 1);
    auto targets = all.select(1, static_cast<std::int64_t>(target));
    const auto limit = static_cast<std::int64_t>(settings.train_rows);
    const auto used = limit > 0 ? std::min(limit, trains) : trains;
    const auto [mean, scale] = mean_and_scale(features.slice(0, 0, used));
    const auto [target_mean, target_scale] = mean_and_scale(targets.slice(0, 0, used));
    features = ((features - mean) / scale).to(torch::kFloat32);
    targets = ((targets - target_mean) / target_scale).to(torch::kFloat32);

    const auto rows = [&](std::int64_t first, std::int64_t count) {
        return Rows{features.slice(0, first, first + count).contiguous(),
                    targets.slice(0, first, first + count).contiguous()};
    };
    Data data;
    data.name = fs::path(settings.path).filename().string();
    data.target_scale = target_scale.item<double>();
    data.train = rows(0, used);
    data.valid = rows(trains, valids);
    data.test = rows(trains + valids, tests);
    return data;
}

/// The first validation rows go to the hypergradient, or to training where the variant has no use for them: all
/// variants then learn from the same rows. A share of 1 leaves the metrics on rows that training or hypergradient saw.
void split_validation(const HypergradientSettings& settings, Data& data) {
    const auto all = data.valid;
    const auto rows = all.size();
    const auto tune = settings.split == 1 ? rows : std::llround(settings.split * static_cast<double>(rows));
    if (tune < 1 || (settings.split < 1 && tune >= rows)) {
        throw UserError("trainer.hypergradient.split = " + std::to_string(settings.split) + " of " +
                        std::to_string(rows) + " validation rows leaves none on one side");
    }
    const auto part = [](const Rows& of, std::int64_t first, std::int64_t count) {
        return Rows{of.x.slice(0, first, first + count).contiguous(), of.y.slice(0, first, first + count).contiguous()};
    };
    data.tune = part(all, 0, tune);
    if (tune < rows) data.valid = part(all, tune, rows - tune);
    if (uses_validation(settings.variant)) return;
    data.train = {torch::cat({data.train.x, data.tune.x}), torch::cat({data.train.y, data.tune.y})};
    data.tune = {};
}

}  // namespace

torch::Tensor as_input(const torch::Tensor& x) {
    if (x.scalar_type() != torch::kUInt8) return x;
    return x.to(torch::kFloat32).div_(255);
}

void check_data_files(const TorchSettings& settings) {
    if (settings.data == "csv") {
        if (settings.path.empty()) throw UserError("trainer.path is missing: data = \"csv\" needs the file");
        if (!fs::exists(settings.path))
            throw UserError("data file " + settings.path + " (trainer.path) does not exist");
        return;
    }
    for (const auto* prefix : {"train", "t10k"}) {
        idx_file(settings, std::string(prefix) + "-images-idx3-ubyte");
        idx_file(settings, std::string(prefix) + "-labels-idx1-ubyte");
    }
}

Data load_data(const TorchSettings& settings, torch::Device device) {
    check_data_files(settings);
    auto data = settings.data == "csv" ? csv(settings) : fashion_mnist(settings);
    if (const auto limit = static_cast<std::int64_t>(settings.train_rows); limit > 0 && limit < data.train.size()) {
        data.train = {data.train.x.slice(0, 0, limit).clone(), data.train.y.slice(0, 0, limit).clone()};
    }
    if (settings.hypergradient) split_validation(*settings.hypergradient, data);
    for (auto* rows : {&data.train, &data.valid, &data.test, &data.tune}) {
        if (rows->x.defined()) *rows = {rows->x.to(device), rows->y.to(device)};
    }
    return data;
}

}  // namespace stemma
