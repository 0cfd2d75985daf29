#pragma once
// The checksum of frames and of file contents: CRC-32 as in zlib, PNG and gzip.

#include <cstddef>
#include <cstdint>
#include <span>

namespace stemma {

/// O(bytes), of any size. `before`: the checksum of the bytes before these, so that a long row of bytes can be taken in
/// pieces.
std::uint32_t crc32_of(std::span<const std::byte> bytes, std::uint32_t before = 0);

}  // namespace stemma
