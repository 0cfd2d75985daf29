#include "trainer/torch/data/split.hpp"

#include <cmath>
#include <numeric>

#include "core/error.hpp"
#include "core/shuffle.hpp"

namespace stemma {
namespace {

Rows pick(const Rows& rows, const std::vector<std::int64_t>& order, std::int64_t first, std::int64_t count) {
    const auto index = torch::tensor(order, torch::kInt64).slice(0, first, first + count);
    return {rows.x.index_select(0, index), rows.y.index_select(0, index)};
}

}  // namespace

std::vector<std::int64_t> numbered(std::int64_t n, const TorchSettings& settings, std::uint64_t which) {
    std::vector<std::int64_t> rows(static_cast<std::size_t>(n));
    std::iota(rows.begin(), rows.end(), std::int64_t{0});
    if (settings.split == "rows") return rows;
    Stream stream(settings.run_seed, Purpose::split, which);
    shuffle(rows, stream);
    return rows;
}

std::int64_t share(double size, std::int64_t rows, double fallback) {
    const double wanted = size == 0 ? fallback : size;
    return std::llround(wanted < 1 ? wanted * static_cast<double>(rows) : wanted);
}

void demand_rows(const std::string& name, std::int64_t total, std::int64_t train, std::int64_t valid, std::int64_t test,
                 const std::string& what) {
    if (train >= 1 && valid >= 1 && test >= 1) return;
    throw UserError(name + " has " + std::to_string(total) + " " + what + ": trainer.valid and trainer.test leave " +
                    std::to_string(std::max<std::int64_t>(train, 0)) + " for training, " + std::to_string(valid) +
                    " for validation, " + std::to_string(test) + " for test; each needs at least one");
}

void split_images(const TorchSettings& settings, const Rows& train, const Rows& test, Data& data) {
    const auto train_order = numbered(train.size(), settings, 0);
    const auto test_order = numbered(test.size(), settings, 1);
    if (settings.valid == 0) {
        const auto half = test.size() / 2;
        const auto tests = settings.test == 0 ? test.size() - half : share(settings.test, test.size(), 1);
        demand_rows(data.name, test.size(), train.size(), half, std::min(tests, test.size() - half));
        data.train = pick(train, train_order, 0, train.size());
        data.valid = pick(test, test_order, 0, half);
        data.test = pick(test, test_order, half, std::min(tests, test.size() - half));
        return;
    }
    const auto valids = share(settings.valid, train.size(), 0);
    const auto tests = settings.test == 0 ? test.size() : std::min(share(settings.test, test.size(), 1), test.size());
    demand_rows(data.name, train.size(), train.size() - valids, valids, tests);
    data.train = pick(train, train_order, 0, train.size() - valids);
    data.valid = pick(train, train_order, train.size() - valids, valids);
    data.test = pick(test, test_order, 0, tests);
}

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

}  // namespace stemma
