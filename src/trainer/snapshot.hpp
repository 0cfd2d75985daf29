#pragma once
// What a member is between two leases: named arrays in one contiguous block of bytes.
// Travels worker to worker as it is; the durable HDF5 copy shows each array as a dataset.

#include <cstdint>
#include <memory>
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
    std::uint64_t offset = 0;  ///< into the data, a multiple of 64
    std::uint64_t bytes = 0;
};

/// Movable, copyable. Arrays are written where they lie in the block, so that what is trained is copied once.
class Snapshot {
public:
    /// Room for arrays of this many bytes in all, so that the block does not move while it grows.
    void reserve(std::size_t bytes);
    /// Appends an array (row-major, contiguous) and returns its place, whose content is indeterminate; the place is
    /// good until the next change. Throws UserError on a duplicate name, InternalError on a negative or too large
    /// shape.
    std::span<std::byte> add(std::string name, DType type, std::vector<std::int64_t> shape);
    /// The same with its content. Throws InternalError on a wrong size, too.
    void add(std::string name, DType type, std::vector<std::int64_t> shape, std::span<const std::byte> content);
    const ArrayInfo* find(std::string_view name) const;  ///< nullptr if absent
    std::span<const ArrayInfo> arrays() const { return arrays_; }
    std::span<const std::byte> content(const ArrayInfo& array) const;
    /// Of the arrays with their padding; byte quotas count the encoded block, which has a head and an index beside
    /// that.
    std::size_t bytes() const { return data_bytes_; }

    /// One flat block: head (magic, version, checksum of the rest, sizes), data, index. The second form copies nothing.
    Bytes encode() const&;
    Bytes encode() &&;
    /// Throws DecodeError on anything that encode() did not make. The arrays stay in the block: nothing is copied.
    static Snapshot decode(std::shared_ptr<const Bytes> block);
    static Snapshot decode(Bytes block) { return decode(std::make_shared<const Bytes>(std::move(block))); }

private:
    std::span<const std::byte> block() const { return decoded_ ? *decoded_ : own_; }
    void own();

    std::vector<ArrayInfo> arrays_;
    std::size_t data_bytes_ = 0;
    Bytes own_;                             ///< room for the head, then data; empty while there is none
    std::shared_ptr<const Bytes> decoded_;  ///< instead of own_: the block that was decoded
};

}  // namespace stemma
