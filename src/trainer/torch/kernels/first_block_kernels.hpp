#pragma once
// The arithmetic of first_block.hpp for one image; plain loops of fixed lengths, which compilers vectorize.

#include <cstdint>

namespace stemma {

/// LeNet's first block on 28 x 28 images: 5 x 5 convolution to `maps` maps of 24 x 24, pooled to 12 x 12.
struct FirstBlockShape {
    static constexpr std::int64_t width = 28, kernel = 5, out = width - kernel + 1, pooled = out / 2;
    static constexpr std::int64_t pixels = width * width, taps = kernel * kernel, pooled_pixels = pooled * pooled;
};

/// `values`: [maps, 12, 12]. `places`: which of each 2 x 2 is the maximum (0 .. 3), 4 where ReLU gives 0. About 5 us
/// for 10 maps with AVX-512.
void first_block_forward(const float* image, const float* weights, const float* biases, std::int64_t maps,
                         float* values, std::uint8_t* places);

/// Adds the image's share to weight_sums [maps, 25] and bias_sums [maps]. Each maximum passes its gradient to the
/// window of pixels that it came from.
void first_block_backward(const float* image, const float* gradient, const std::uint8_t* places, std::int64_t maps,
                          float* weight_sums, float* bias_sums);

/// The convolution with other weights at the same places alone; 0 where ReLU gave 0. `values`: [maps, 12, 12].
void first_block_at(const float* image, const float* weights, const float* biases, const std::uint8_t* places,
                    std::int64_t maps, float* values);

}  // namespace stemma
