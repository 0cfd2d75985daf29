#pragma once
// What a member is between two leases: named arrays and named texts in one contiguous block of bytes.
// Travels worker to worker as it is; the durable HDF5 copy shows each array as a dataset.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.hpp"

namespace stemma {

enum class DType : std::uint8_t { u8 = 1, i32 = 2, i64 = 3, f16 = 4, bf16 = 5, f32 = 6, f64 = 7, boolean = 8 };

std::size_t size_of(DType type);
/// "float32" as NumPy calls it (bf16 has no NumPy type: "bfloat16").
std::string_view name_of(DType type);

struct ArrayInfo {
    std::string name;  ///< unique; '/' makes groups: "model/conv1.weight", "optimiser/0/exp_avg", "rng"
    DType type = DType::f32;
    std::vector<std::int64_t> shape;
    std::uint64_t offset = 0;  ///< into Snapshot::data, a multiple of 64
    std::uint64_t bytes = 0;
};

/// Movable, copyable. Total size is what the byte quotas count.
class Snapshot {
public:
    /// Appends an array (row-major, contiguous). Throws UserError on a duplicate name, InternalError on a wrong size.
    void add(std::string name, DType type, std::vector<std::int64_t> shape, std::span<const std::byte> content);
    const ArrayInfo* find(std::string_view name) const;  ///< nullptr if absent
    std::span<const ArrayInfo> arrays() const { return arrays_; }
    std::span<const std::byte> content(const ArrayInfo& array) const;
    std::size_t bytes() const { return data_.size(); }

    /// One flat block: magic, version, CRC-32 of the rest, index, data. decode() throws DecodeError on anything else.
    Bytes encode() const;
    static Snapshot decode(std::span<const std::byte> block);

private:
    std::vector<ArrayInfo> arrays_;
    Bytes data_;
};

}  // namespace stemma
