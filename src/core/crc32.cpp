#include "core/crc32.hpp"

#include <zlib.h>

namespace stemma {

std::uint32_t crc32_of(std::span<const std::byte> bytes, std::uint32_t before) {
    return static_cast<std::uint32_t>(
        ::crc32_z(before, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

}  // namespace stemma
