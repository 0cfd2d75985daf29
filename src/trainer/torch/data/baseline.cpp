#include "trainer/torch/data/baseline.hpp"

#include <cmath>

namespace stemma {
namespace {

torch::Tensor counts(const torch::Tensor& classes, std::int64_t number) {
    return torch::bincount(classes.flatten().cpu(), {}, number).to(torch::kFloat64);
}

}  // namespace

void set_baselines(const Data& data, std::span<MetricInfo> metrics) {
    torch::NoGradGuard no_grad;
    double loss = 0, accuracy = 0;
    if (data.classes > 0) {
        const auto seen = counts(data.train.y, data.classes) + 1, asked = counts(data.valid.y, data.classes);
        loss = -(asked * (seen / seen.sum()).log()).sum().item<double>() / asked.sum().item<double>();
        accuracy = (asked.max() / asked.sum()).item<double>();
    } else {
        // Targets are standardized by the training rows: their mean is 0.
        loss = data.valid.y.to(torch::kFloat64).square().mean().item<double>();
    }
    for (auto& metric : metrics) {
        if (metric.name == "valid_loss") metric.baseline = loss;
        if (metric.name == "valid_accuracy") metric.baseline = accuracy;
        if (metric.name == "valid_rmse") metric.baseline = std::sqrt(loss) * data.target_scale;
        if (metric.name == "valid_perplexity") metric.baseline = std::exp(loss);
    }
}

}  // namespace stemma
