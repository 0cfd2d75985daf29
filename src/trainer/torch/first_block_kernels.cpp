#include "trainer/torch/first_block_kernels.hpp"

#include <array>
#include <cstring>

namespace stemma {
namespace {

using S = FirstBlockShape;
using Row = std::array<float, S::out>;

// One binary for all x86-64: the loader picks the version for the CPU at hand.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define STEMMA_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define STEMMA_CLONES
#endif

/// Sums of shifted image rows; the sum stays in registers.
[[gnu::always_inline]] inline void convolve_row(const float* lines, const float* taps, float bias, Row& out) {
    Row sum;
    for (auto& value : sum) value = bias;
    for (std::int64_t y = 0; y < S::kernel; ++y) {
        for (std::int64_t x = 0; x < S::kernel; ++x) {
            const float tap = taps[y * S::kernel + x];
            const float* line = lines + y * S::width + x;
            for (std::int64_t column = 0; column < S::out; ++column)
                sum[static_cast<std::size_t>(column)] += tap * line[column];
        }
    }
    out = sum;
}

/// Maxima of 2 x 2, cut off at 0. A NaN gets through, so that a diverged training is seen.
[[gnu::always_inline]] inline void pool_rows(const Row& upper, const Row& lower, float* values, std::uint8_t* places) {
    for (std::size_t i = 0; i < S::pooled; ++i) {
        float best = upper[2 * i];
        int place = 0;
        place = upper[2 * i + 1] > best ? 1 : place;
        best = upper[2 * i + 1] > best ? upper[2 * i + 1] : best;
        place = lower[2 * i] > best ? 2 : place;
        best = lower[2 * i] > best ? lower[2 * i] : best;
        place = lower[2 * i + 1] > best ? 3 : place;
        best = lower[2 * i + 1] > best ? lower[2 * i + 1] : best;
        values[i] = best <= 0 ? 0 : best;
        places[i] = static_cast<std::uint8_t>(best <= 0 ? 4 : place);
    }
}

}  // namespace

STEMMA_CLONES
void first_block_forward(const float* image, const float* weights, const float* biases, std::int64_t maps,
                         float* values, std::uint8_t* places) {
    for (std::int64_t map = 0; map < maps; ++map) {
        for (std::int64_t row = 0; row < S::pooled; ++row) {
            Row upper, lower;
            convolve_row(image + 2 * row * S::width, weights + map * S::taps, biases[map], upper);
            convolve_row(image + (2 * row + 1) * S::width, weights + map * S::taps, biases[map], lower);
            const auto at = map * S::pooled_pixels + row * S::pooled;
            pool_rows(upper, lower, values + at, places + at);
        }
    }
}

STEMMA_CLONES
void first_block_backward(const float* image, const float* gradient, const std::uint8_t* places, std::int64_t maps,
                          float* weight_sums, float* bias_sums) {
    constexpr std::size_t lanes = 8;  // windows are read 8 wide: three columns too many are summed and dropped
    std::array<float, S::pixels + lanes> padded{};
    std::memcpy(padded.data(), image, S::pixels * sizeof(float));
    for (std::int64_t map = 0; map < maps; ++map) {
        std::array<std::array<float, lanes>, S::kernel> sums{};
        float bias = 0;
        for (std::int64_t at = 0; at < S::pooled_pixels; ++at) {
            const int place = places[map * S::pooled_pixels + at];
            const float factor = place == 4 ? 0 : gradient[map * S::pooled_pixels + at];
            const auto row = 2 * (at / S::pooled) + ((place >> 1) & 1);
            const auto column = 2 * (at % S::pooled) + (place & 1);
            const float* window = padded.data() + row * S::width + column;
            for (std::size_t y = 0; y < S::kernel; ++y) {
                for (std::size_t x = 0; x < lanes; ++x) sums[y][x] += factor * window[y * S::width + x];
            }
            bias += factor;
        }
        for (std::size_t y = 0; y < S::kernel; ++y) {
            for (std::size_t x = 0; x < S::kernel; ++x)
                weight_sums[map * S::taps + static_cast<std::int64_t>(y * S::kernel + x)] += sums[y][x];
        }
        bias_sums[map] += bias;
    }
}

}  // namespace stemma
