#include "trainer/torch/data/data.hpp"

#include <algorithm>
#include <filesystem>

#include "core/error.hpp"
#include "core/suggest.hpp"
#include "trainer/torch/data/csv.hpp"
#include "trainer/torch/data/images.hpp"
#include "trainer/torch/data/split.hpp"
#include "trainer/torch/data/text_data.hpp"

namespace stemma {
namespace {

namespace fs = std::filesystem;

/// Columns without spread are left at 0.
std::pair<torch::Tensor, torch::Tensor> mean_and_scale(const torch::Tensor& values) {
    auto scale = values.std(0, /*unbiased=*/false);
    return {values.mean(0), torch::where(scale > 0, scale, torch::ones_like(scale))};
}

/// Which column of a table is predicted, and how its rows are split.
struct CsvUse {
    std::size_t target = 0;
    std::int64_t trains = 0, valids = 0, tests = 0;
};

/// Throws UserError where the table lacks what the job asks for.
CsvUse csv_use(const TorchSettings& settings, const CsvTable& table) {
    CsvUse use;
    use.target = table.columns.size() - 1;
    if (!settings.target.empty()) {
        const auto found = std::find(table.columns.begin(), table.columns.end(), settings.target);
        if (found == table.columns.end()) {
            throw UserError("data file " + settings.path + " has no column \"" + settings.target +
                            "\" (trainer.target)" + did_you_mean(settings.target, table.columns));
        }
        use.target = static_cast<std::size_t>(found - table.columns.begin());
    }
    if (table.columns.size() < 2)
        throw UserError("data file " + settings.path + " has one column; nothing is left to predict it from");
    const auto n = static_cast<std::int64_t>(table.rows());
    use.valids = share(settings.valid, n, 0.1);
    use.tests = share(settings.test, n, 0.1);
    use.trains = n - use.valids - use.tests;
    demand_rows(settings.path, n, use.trains, use.valids, use.tests);
    return use;
}

Data csv(const TorchSettings& settings) {
    const auto table = read_csv(settings.path);
    const auto [target, trains, valids, tests] = csv_use(settings, table);
    const auto n = static_cast<std::int64_t>(table.rows());
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

}  // namespace

torch::Tensor Data::input(const torch::Tensor& x) const {
    if (x.scalar_type() != torch::kUInt8) return x;
    const auto pixels = x.to(torch::kFloat32).div_(255);
    return mean.defined() ? pixels.sub(mean).div_(scale) : pixels;
}

void check_data_files(const TorchSettings& settings) {
    if (settings.data == "fashion_mnist") return check_fashion_mnist_files(settings);
    if (settings.data == "cifar10") return check_cifar10_files(settings);
    if (settings.data == "text") return check_text_files(settings);
    if (settings.path.empty()) throw UserError("trainer.path is missing: data = \"csv\" needs the file");
    if (!fs::exists(settings.path)) throw UserError("data file " + settings.path + " (trainer.path) does not exist");
}

void check_data(const TorchSettings& settings) {
    check_data_files(settings);
    if (settings.data == "csv") static_cast<void>(csv_use(settings, read_csv(settings.path)));
}

Data load_data(const TorchSettings& settings, torch::Device device) {
    check_data_files(settings);
    auto data = settings.data == "csv"       ? csv(settings)
                : settings.data == "text"    ? load_text(settings)
                : settings.data == "cifar10" ? load_cifar10(settings)
                                             : load_fashion_mnist(settings);
    if (const auto limit = static_cast<std::int64_t>(settings.train_rows); limit > 0 && limit < data.train.size()) {
        data.train = {data.train.x.slice(0, 0, limit).clone(), data.train.y.slice(0, 0, limit).clone()};
    }
    if (settings.hypergradient) split_validation(*settings.hypergradient, data);
    for (auto* rows : {&data.train, &data.valid, &data.test, &data.tune}) {
        if (rows->x.defined()) *rows = {rows->x.to(device), rows->y.to(device)};
    }
    if (data.mean.defined()) data.mean = data.mean.to(device), data.scale = data.scale.to(device);
    return data;
}

}  // namespace stemma
