#pragma once
// The state of a member between two leases: named arrays in one contiguous block of bytes. The block travels unchanged
// from worker to worker. The durable HDF5 copy shows each array as a dataset.

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
/// NumPy's name of the type, "float32". bf16 has no NumPy type: "bfloat16".
std::string_view name_of(DType type);

struct ArrayInfo {
    std::string name;  ///< unique; '/' makes groups: "model/conv1.weight", "optimizer/0/exp_avg", "rng"
    DType type = DType::f32;
    std::vector<std::int64_t> shape;
    std::uint64_t offset = 0;  ///< into the data, a multiple of 64
    std::uint64_t bytes = 0;
};

/// Movable, copyable. Arrays are written in place in the block, so that the trained state is copied once.
class Snapshot {
public:
    /// Reserves room for arrays of this many bytes in all, so that the block does not move while it grows.
    void reserve(std::size_t bytes);
    /// Appends an array (row-major, contiguous) and returns its memory, whose content is indeterminate. The memory is
    /// valid until the next change. Throws UserError on a duplicate name, InternalError on a negative or too large
    /// shape.
    std::span<std::byte> add(std::string name, DType type, std::vector<std::int64_t> shape);
    /// Appends an array with its content. Also throws InternalError if the content has the wrong size.
    void add(std::string name, DType type, std::vector<std::int64_t> shape, std::span<const std::byte> content);
    const ArrayInfo* find(std::string_view name) const;  ///< nullptr if absent
    std::span<const ArrayInfo> arrays() const { return arrays_; }
    std::span<const std::byte> content(const ArrayInfo& array) const;
    /// Bytes of the arrays with their padding. Byte quotas count the encoded block, which also has a head and an index.
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
