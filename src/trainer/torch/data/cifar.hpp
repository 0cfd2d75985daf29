#pragma once
// Reader of CIFAR-10's binary version: records of a label and 32 x 32 pixels in three planes (red, green, blue).

#include <cstdint>
#include <string>
#include <vector>

namespace stemma {

struct CifarImages {
    static constexpr std::int64_t channels = 3, side = 32, classes = 10;
    std::vector<std::uint8_t> labels;
    std::vector<std::uint8_t> pixels;  ///< [images, channels, side, side], row-major
};

/// Throws UserError naming the file when it cannot be read or has no record. The size must be a multiple of a record's
/// 3073 bytes, and no label may be above 9.
CifarImages read_cifar(const std::string& file);

}  // namespace stemma
