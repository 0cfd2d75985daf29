#pragma once
// Reader of the IDX format (MNIST's): big-endian header, then bytes; gzipped or plain.

#include <cstdint>
#include <string>
#include <vector>

namespace stemma {

struct IdxArray {
    std::vector<std::int64_t> shape;
    std::vector<std::uint8_t> bytes;  ///< row-major
};

/// Reads an IDX file of unsigned bytes with `dimensions` dimensions. Throws UserError naming the file when it cannot be
/// read, has another magic number, or is shorter or longer than its header says.
IdxArray read_idx(const std::string& file, std::size_t dimensions);

}  // namespace stemma
