// What would be gained by training many small members as one tensor program? Plain SGD with momentum on a network
// 8-50-1, full batches of 614 rows (UCI Energy). Batched products over k members are compared with k members trained
// one after another.
//   bench_stacked [ROUNDS]
// Prints updates for each CPU second and member for each k, and the gain over k = 1, as medians over rounds.
#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "trainer/torch/device.hpp"

namespace {

constexpr std::int64_t rows = 614, inputs = 8, width = 50;
constexpr int updates = 300;

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// Updates a second and member of `members` stacked networks.
double rate(std::int64_t members) {
    torch::manual_seed(1);
    const auto x = torch::randn({rows, inputs}).expand({members, rows, inputs}), y = torch::randn({rows, 1});
    std::vector<torch::Tensor> weights{torch::randn({members, inputs, width}), torch::zeros({members, 1, width}),
                                       torch::randn({members, width, 1}), torch::zeros({members, 1, 1})};
    std::vector<torch::Tensor> moments;
    for (auto& weight : weights) {
        weight.requires_grad_();
        moments.push_back(torch::zeros_like(weight));
    }
    const double begin = cpu_seconds();
    for (int update = 0; update < updates; ++update) {
        const auto hidden = torch::relu(torch::baddbmm(weights[1], x, weights[0]));
        const auto output = torch::baddbmm(weights[3], hidden, weights[2]);
        const auto loss = (output - y).square().sum() / rows;  // members do not see each other
        const auto gradients = torch::autograd::grad({loss}, weights);
        const torch::NoGradGuard no_grad;
        for (std::size_t i = 0; i < weights.size(); ++i) {
            moments[i].mul_(0.9).add_(gradients[i]).add_(weights[i], 1e-4);
            weights[i].add_(moments[i], -1e-3);
        }
    }
    return static_cast<double>(updates * members) / (cpu_seconds() - begin);
}

}  // namespace

int main(int count, char** arguments) {
    stemma::set_threads(1);
    stemma::set_process_flags({}, torch::kCPU);
    const int rounds = count > 1 ? std::max(1, std::atoi(arguments[1])) : 5;
    const std::vector<std::int64_t> sizes{1, 2, 4, 8, 16, 32};
    std::vector<std::vector<double>> rates(sizes.size());
    for (int round = -1; round < rounds; ++round) {  // the first one warms up
        for (std::size_t i = 0; i < sizes.size(); ++i) {
            const double found = rate(sizes[i]);
            if (round >= 0) rates[i].push_back(found);
        }
    }
    double alone = 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        std::sort(rates[i].begin(), rates[i].end());
        const double median = rates[i][rates[i].size() / 2];
        if (i == 0) alone = median;
        fmt::print("{:>3} stacked  {:>8.0f} updates/CPU s and member  gain {:.2f}\n", sizes[i], median, median / alone);
    }
    return 0;
}
