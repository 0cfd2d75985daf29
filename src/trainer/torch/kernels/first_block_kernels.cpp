#include "trainer/torch/kernels/first_block_kernels.hpp"

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

/// Sums of shifted image rows, for the two rows that are pooled together; the sums stay in registers.
[[gnu::always_inline]] inline void convolve_rows(const float* lines, const float* taps, float bias, Row& upper,
                                                 Row& lower) {
    Row above, below;
    for (auto& value : above) value = bias;
    for (auto& value : below) value = bias;
    for (std::int64_t y = 0; y < S::kernel; ++y) {
        for (std::int64_t x = 0; x < S::kernel; ++x) {
            const float tap = taps[y * S::kernel + x];
            const float* line = lines + y * S::width + x;
            for (std::size_t column = 0; column < S::out; ++column) above[column] += tap * line[column];
            for (std::size_t column = 0; column < S::out; ++column) below[column] += tap * line[S::width + column];
        }
    }
    upper = above;
    lower = below;
}

/// Maxima of 2 x 2, cut off at 0. A NaN is passed on, so that a diverged training is detected. No branches, because the
/// place of the maximum cannot be predicted.
[[gnu::always_inline]] inline void pool_rows(const Row& upper, const Row& lower, float* values, std::uint8_t* places) {
    std::array<float, S::pooled> best;
    std::array<std::int32_t, S::pooled> place;
    for (std::size_t i = 0; i < S::pooled; ++i) {
        const float a = upper[2 * i], b = upper[2 * i + 1], c = lower[2 * i], d = lower[2 * i + 1];
        const float ab = b > a ? b : a;
        const std::int32_t place_ab = b > a ? 1 : 0;
        const float abc = c > ab ? c : ab;
        const std::int32_t place_abc = c > ab ? 2 : place_ab;
        const float all = d > abc ? d : abc;
        const std::int32_t place_all = d > abc ? 3 : place_abc;
        best[i] = all <= 0 ? 0 : all;
        place[i] = all <= 0 ? 4 : place_all;
    }
    for (std::size_t i = 0; i < S::pooled; ++i) values[i] = best[i];
    for (std::size_t i = 0; i < S::pooled; ++i) places[i] = static_cast<std::uint8_t>(place[i]);
}

/// Windows are read 8 wide. The three excess columns are dropped.
constexpr std::size_t lanes = 8;
using Window = std::array<std::array<float, lanes>, S::kernel>;
using Padded = std::array<float, S::pixels + lanes>;

[[gnu::always_inline]] inline Padded padded_image(const float* image) {
    Padded padded{};
    std::memcpy(padded.data(), image, S::pixels * sizeof(float));
    return padded;
}

/// The pixels that a maximum came from.
[[gnu::always_inline]] inline const float* window_at(const Padded& padded, std::int64_t at, int place) {
    const auto row = 2 * (at / S::pooled) + ((place >> 1) & 1);
    const auto column = 2 * (at % S::pooled) + (place & 1);
    return padded.data() + row * S::width + column;
}

}  // namespace

STEMMA_CLONES
void first_block_forward(const float* image, const float* weights, const float* biases, std::int64_t maps,
                         float* values, std::uint8_t* places) {
    for (std::int64_t map = 0; map < maps; ++map) {
        for (std::int64_t row = 0; row < S::pooled; ++row) {
            Row upper, lower;
            convolve_rows(image + 2 * row * S::width, weights + map * S::taps, biases[map], upper, lower);
            const auto at = map * S::pooled_pixels + row * S::pooled;
            pool_rows(upper, lower, values + at, places + at);
        }
    }
}

STEMMA_CLONES
void first_block_backward(const float* image, const float* gradient, const std::uint8_t* places, std::int64_t maps,
                          float* weight_sums, float* bias_sums) {
    const auto padded = padded_image(image);
    for (std::int64_t map = 0; map < maps; ++map) {
        Window sums{};
        float bias = 0;
        for (std::int64_t at = 0; at < S::pooled_pixels; ++at) {
            const int place = places[map * S::pooled_pixels + at];
            const float factor = place == 4 ? 0 : gradient[map * S::pooled_pixels + at];
            const float* window = window_at(padded, at, place);
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

STEMMA_CLONES
void first_block_at(const float* image, const float* weights, const float* biases, const std::uint8_t* places,
                    std::int64_t maps, float* values) {
    const auto padded = padded_image(image);
    for (std::int64_t map = 0; map < maps; ++map) {
        Window taps{};
        for (std::size_t y = 0; y < S::kernel; ++y)
            std::memcpy(taps[y].data(), weights + map * S::taps + y * S::kernel, S::kernel * sizeof(float));
        for (std::int64_t at = 0; at < S::pooled_pixels; ++at) {
            const int place = places[map * S::pooled_pixels + at];
            const float* window = window_at(padded, at, place);
            std::array<float, lanes> sums{};
            for (std::size_t y = 0; y < S::kernel; ++y) {
                for (std::size_t x = 0; x < lanes; ++x) sums[x] += taps[y][x] * window[y * S::width + x];
            }
            float sum = biases[map];
            for (std::size_t x = 0; x < S::kernel; ++x) sum += sums[x];
            values[map * S::pooled_pixels + at] = place == 4 ? 0 : sum;
        }
    }
}

}  // namespace stemma
