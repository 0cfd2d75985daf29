// The fused kernels against the definition of convolution, max-pool and ReLU, in double precision.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "core/rng.hpp"
#include "trainer/torch/kernels/first_block_kernels.hpp"

namespace stemma {
namespace {

using S = FirstBlockShape;
constexpr std::int64_t maps = 3;

std::vector<float> draws(std::size_t count, std::uint64_t which) {
    Stream stream(1, Purpose::test, which);
    std::vector<float> values(count);
    for (auto& value : values) value = static_cast<float>(stream.normal());
    return values;
}

class FirstBlockTest : public testing::Test {
protected:
    double convolution(std::int64_t map, std::int64_t row, std::int64_t column) const {
        double sum = biases_[static_cast<std::size_t>(map)];
        for (std::int64_t y = 0; y < S::kernel; ++y) {
            for (std::int64_t x = 0; x < S::kernel; ++x) {
                sum += static_cast<double>(weights_[static_cast<std::size_t>(map * S::taps + y * S::kernel + x)]) *
                       image_[static_cast<std::size_t>((row + y) * S::width + column + x)];
            }
        }
        return sum;
    }
    void forward() {
        first_block_forward(image_.data(), weights_.data(), biases_.data(), maps, values_.data(), places_.data());
    }

    std::vector<float> image_ = draws(S::pixels, 0);
    std::vector<float> weights_ = draws(maps * S::taps, 1);
    std::vector<float> biases_ = draws(maps, 2);
    std::vector<float> values_ = std::vector<float>(maps * S::pooled_pixels);
    std::vector<std::uint8_t> places_ = std::vector<std::uint8_t>(maps * S::pooled_pixels);
};

TEST_F(FirstBlockTest, ForwardIsConvolutionMaxPoolAndRelu) {
    forward();
    for (std::int64_t map = 0; map < maps; ++map) {
        for (std::int64_t at = 0; at < S::pooled_pixels; ++at) {
            double best = 0;
            for (std::int64_t place = 0; place < 4; ++place) {
                best = std::max(best,
                                convolution(map, 2 * (at / S::pooled) + place / 2, 2 * (at % S::pooled) + place % 2));
            }
            ASSERT_NEAR(values_[static_cast<std::size_t>(map * S::pooled_pixels + at)], best, 2e-5);
        }
    }
}

TEST_F(FirstBlockTest, BackwardIsTheGradient) {
    forward();
    const auto gradient = draws(maps * S::pooled_pixels, 3);
    std::vector<float> weight_sums(maps * S::taps, 1), bias_sums(maps, 1);  // what is there is added to

    first_block_backward(image_.data(), gradient.data(), places_.data(), maps, weight_sums.data(), bias_sums.data());

    for (std::int64_t map = 0; map < maps; ++map) {
        std::vector<double> expected(S::taps, 1);
        double bias = 1;
        for (std::int64_t at = 0; at < S::pooled_pixels; ++at) {
            const auto index = static_cast<std::size_t>(map * S::pooled_pixels + at);
            if (values_[index] == 0) continue;
            const auto row = 2 * (at / S::pooled) + places_[index] / 2,
                       column = 2 * (at % S::pooled) + places_[index] % 2;
            for (std::int64_t tap = 0; tap < S::taps; ++tap) {
                expected[static_cast<std::size_t>(tap)] +=
                    static_cast<double>(gradient[index]) *
                    image_[static_cast<std::size_t>((row + tap / S::kernel) * S::width + column + tap % S::kernel)];
            }
            bias += gradient[index];
        }
        for (std::int64_t tap = 0; tap < S::taps; ++tap) {
            ASSERT_NEAR(weight_sums[static_cast<std::size_t>(map * S::taps + tap)],
                        expected[static_cast<std::size_t>(tap)], 1e-4);
        }
        ASSERT_NEAR(bias_sums[static_cast<std::size_t>(map)], bias, 1e-4);
    }
}

TEST_F(FirstBlockTest, OtherWeightsAreTakenAtTheSamePlaces) {
    forward();
    const auto values = values_;
    weights_ = draws(maps * S::taps, 4);
    biases_ = draws(maps, 5);

    first_block_at(image_.data(), weights_.data(), biases_.data(), places_.data(), maps, values_.data());

    for (std::size_t index = 0; index < values.size(); ++index) {
        const auto map = static_cast<std::int64_t>(index) / S::pooled_pixels,
                   at = static_cast<std::int64_t>(index) % S::pooled_pixels;
        const auto row = 2 * (at / S::pooled) + places_[index] / 2, column = 2 * (at % S::pooled) + places_[index] % 2;
        ASSERT_NEAR(values_[index], values[index] == 0 ? 0 : convolution(map, row, column), 2e-5);
    }
}

TEST_F(FirstBlockTest, NotANumberGetsThrough) {
    weights_.assign(weights_.size(), std::numeric_limits<float>::quiet_NaN());
    forward();
    for (const auto value : values_) EXPECT_TRUE(std::isnan(value));
}

}  // namespace
}  // namespace stemma
