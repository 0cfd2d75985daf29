#pragma once
// The checksum of frames and of file contents: CRC-32 as in zlib, PNG and gzip.

#include <cstddef>
#include <cstdint>
#include <span>

namespace stemma {

/// O(bytes), of any size.
std::uint32_t crc32_of(std::span<const std::byte> bytes);

}  // namespace stemma
