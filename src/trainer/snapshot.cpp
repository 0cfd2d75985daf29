#include "trainer/snapshot.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <set>

#include "core/error.hpp"

namespace stemma {

namespace {

constexpr std::uint32_t magic = 0x50414E53;  // "SNAP"
constexpr std::uint16_t version = 1;
constexpr std::size_t head_bytes = 4 + 2 + 4;  // up to where the checksum begins
/// So that a reader may map any array in place, whatever its type and vector width.
constexpr std::uint64_t alignment = 64;

std::uint64_t aligned(std::uint64_t offset) { return (offset + alignment - 1) / alignment * alignment; }

/// Goes on from `start`; crc32_z takes sizes beyond 4 GiB.
std::uint32_t checksum(std::uint32_t start, std::span<const std::byte> data) {
    if (data.empty()) return start;  // for a null pointer zlib begins anew
    return static_cast<std::uint32_t>(crc32_z(start, reinterpret_cast<const Bytef*>(data.data()), data.size()));
}

/// False if the bytes of such an array do not fit 63 bits or a dimension is negative.
bool product_of(const std::vector<std::int64_t>& shape, std::uint64_t item, std::uint64_t& bytes) {
    bytes = item;
    for (const auto dimension : shape) {
        if (dimension < 0) return false;
        if (dimension > 0 && bytes > (std::uint64_t{1} << 62U) / static_cast<std::uint64_t>(dimension)) return false;
        bytes *= static_cast<std::uint64_t>(dimension);
    }
    return true;
}

bool known(DType type) { return type >= DType::u8 && type <= DType::boolean; }

ArrayInfo decode_array(ByteReader& reader, std::uint64_t data_bytes, std::uint64_t& end) {
    ArrayInfo array;
    reader.get(array.name);
    reader.get(array.type);
    reader.get(array.shape);
    if (!known(array.type)) throw DecodeError("snapshot: array \"" + array.name + "\" has an unknown type");
    if (!product_of(array.shape, size_of(array.type), array.bytes)) {
        throw DecodeError("snapshot: array \"" + array.name + "\" has an impossible shape");
    }
    array.offset = aligned(end);
    if (array.offset > data_bytes || array.bytes > data_bytes - array.offset) {
        throw DecodeError("snapshot: array \"" + array.name + "\" is beyond the end of the data");
    }
    end = array.offset + array.bytes;
    return array;
}

}  // namespace

std::size_t size_of(DType type) {
    switch (type) {
        case DType::u8:
        case DType::boolean:
            return 1;
        case DType::f16:
        case DType::bf16:
            return 2;
        case DType::i32:
        case DType::f32:
            return 4;
        case DType::i64:
        case DType::f64:
            return 8;
    }
    return 0;
}

std::string_view name_of(DType type) {
    switch (type) {
        case DType::u8:
            return "uint8";
        case DType::i32:
            return "int32";
        case DType::i64:
            return "int64";
        case DType::f16:
            return "float16";
        case DType::bf16:
            return "bfloat16";
        case DType::f32:
            return "float32";
        case DType::f64:
            return "float64";
        case DType::boolean:
            return "bool";
    }
    return "unknown";
}

void Snapshot::add(std::string name, DType type, std::vector<std::int64_t> shape, std::span<const std::byte> content) {
    if (find(name) != nullptr) throw UserError("snapshot: two arrays are called \"" + name + "\"");
    std::uint64_t bytes = 0;
    ensure(product_of(shape, size_of(type), bytes) && bytes == content.size(),
           "an array has as many bytes as its shape says");
    const auto offset = aligned(data_.size());
    data_.resize(offset, std::byte{0});  // padding is part of what the checksum covers
    append(data_, content);
    arrays_.push_back({std::move(name), type, std::move(shape), offset, bytes});
}

const ArrayInfo* Snapshot::find(std::string_view name) const {
    const auto found =
        std::find_if(arrays_.begin(), arrays_.end(), [&](const auto& array) { return array.name == name; });
    return found == arrays_.end() ? nullptr : &*found;
}

std::span<const std::byte> Snapshot::content(const ArrayInfo& array) const {
    return std::span(data_).subspan(array.offset, array.bytes);
}

// magic u32, version u16, CRC-32 u32 of all that follows, size of data u64, index, data. Offsets and sizes of arrays
// follow from types and shapes, so a block cannot contradict itself.
Bytes Snapshot::encode() const {
    Bytes head(head_bytes, std::byte{0});
    std::memcpy(head.data(), &magic, sizeof magic);
    std::memcpy(head.data() + sizeof magic, &version, sizeof version);
    ByteWriter writer(head);
    writer.put(static_cast<std::uint64_t>(data_.size()));
    writer.put(static_cast<std::uint32_t>(arrays_.size()));
    for (const auto& array : arrays_) {
        writer.put(array.name);
        writer.put(array.type);
        writer.put(array.shape);
    }
    const auto crc = checksum(checksum(0, std::span(head).subspan(head_bytes)), data_);
    std::memcpy(head.data() + head_bytes - sizeof crc, &crc, sizeof crc);

    Bytes block;
    block.reserve(head.size() + data_.size());
    append(block, head);
    append(block, data_);
    return block;
}

Snapshot Snapshot::decode(std::span<const std::byte> block) {
    ByteReader reader(block);
    if (reader.get<std::uint32_t>() != magic) throw DecodeError("snapshot: this is not a snapshot");
    if (const auto found = reader.get<std::uint16_t>(); found != version) {
        throw DecodeError("snapshot: version " + std::to_string(found) + " is unknown; this program reads version 1");
    }
    const auto crc = reader.get<std::uint32_t>();
    if (checksum(0, block.subspan(head_bytes)) != crc) throw DecodeError("snapshot: the block is damaged (checksum)");
    const auto data_bytes = reader.get<std::uint64_t>();
    const auto count = reader.get<std::uint32_t>();
    Snapshot snapshot;
    std::set<std::string, std::less<>> names;
    std::uint64_t end = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
        auto array = decode_array(reader, data_bytes, end);
        if (!names.insert(array.name).second)
            throw DecodeError("snapshot: two arrays are called \"" + array.name + "\"");
        snapshot.arrays_.push_back(std::move(array));
    }
    if (end != data_bytes || reader.left() != data_bytes)
        throw DecodeError("snapshot: the data is cut short or too long");
    const auto data = block.last(data_bytes);
    append(snapshot.data_, data);
    return snapshot;
}

}  // namespace stemma
