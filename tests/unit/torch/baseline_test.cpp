#include "trainer/torch/data/baseline.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace stemma {
namespace {

TEST(Baseline, OfClassesIsByTheirShares) {
    Data data;
    data.classes = 3;
    data.train.y = torch::tensor({0, 0, 0, 1, 1}, torch::kInt64);  // each counted once more: 4, 3 and 1 of 8
    data.valid.y = torch::tensor({0, 1, 1, 2}, torch::kInt64);
    std::vector<MetricInfo> metrics{{"valid_loss"}, {"valid_accuracy"}, {"test_loss", true}, {"valid_perplexity"}};
    set_baselines(data, metrics);
    const double loss = -(std::log(4.0 / 8) + 2 * std::log(3.0 / 8) + std::log(1.0 / 8)) / 4;
    EXPECT_DOUBLE_EQ(metrics[0].baseline, loss);
    EXPECT_DOUBLE_EQ(metrics[1].baseline, 0.5);
    EXPECT_TRUE(std::isnan(metrics[2].baseline));
    EXPECT_DOUBLE_EQ(metrics[3].baseline, std::exp(loss));
}

TEST(Baseline, OfNumbersIsTheMeanOfTheTrainingRows) {
    Data data;
    data.target_scale = 10;
    data.valid.y = torch::tensor({1.0F, -1.0F, 2.0F});
    std::vector<MetricInfo> metrics{{"valid_loss"}, {"valid_rmse"}};
    set_baselines(data, metrics);
    EXPECT_DOUBLE_EQ(metrics[0].baseline, 2);
    EXPECT_DOUBLE_EQ(metrics[1].baseline, 10 * std::sqrt(2));
}

}  // namespace
}  // namespace stemma
