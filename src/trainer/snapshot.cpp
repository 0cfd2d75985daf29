#include "trainer/snapshot.hpp"

#include <xxhash.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <functional>
#include <set>
#include <utility>

#include "core/error.hpp"

namespace stemma {

namespace {

/// The layout of a block.
struct Head {
    std::uint32_t magic = 0x50414E53;  // "SNAP"
    std::uint32_t version = 2;
    std::uint64_t checksum = 0;  ///< XXH3 of all bytes after this field
    std::uint64_t data_bytes = 0;
    std::uint64_t arrays = 0;
};
constexpr std::size_t checksum_end = 16;
/// A reader may map any array in place, whatever its type and vector width.
constexpr std::uint64_t alignment = 64;
constexpr std::size_t head_bytes = alignment;  ///< the rest is zero
static_assert(sizeof(Head) <= head_bytes && offsetof(Head, data_bytes) == checksum_end);

std::uint64_t aligned(std::uint64_t offset) { return (offset + alignment - 1) / alignment * alignment; }

std::uint64_t checksum(std::span<const std::byte> block) {
    return XXH3_64bits(block.data() + checksum_end, block.size() - checksum_end);
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

void Snapshot::own() {
    if (decoded_) {
        const auto first = std::span(*decoded_).first(head_bytes + data_bytes_);
        own_.assign(first.begin(), first.end());
        decoded_.reset();
    }
    if (own_.empty()) own_.resize(head_bytes, std::byte{0});
}

void Snapshot::reserve(std::size_t bytes) {
    own();
    constexpr std::size_t index = 1U << 14U;  // names and shapes of some hundred arrays
    own_.reserve(head_bytes + bytes + index);
}

std::span<std::byte> Snapshot::add(std::string name, DType type, std::vector<std::int64_t> shape) {
    if (find(name) != nullptr) throw UserError("snapshot: two arrays are called \"" + name + "\"");
    std::uint64_t bytes = 0;
    ensure(product_of(shape, size_of(type), bytes), "an array has a shape whose bytes can be counted");
    own();
    const auto offset = aligned(data_bytes_);
    own_.resize(head_bytes + offset, std::byte{0});  // the checksum covers padding, too
    own_.resize(head_bytes + offset + bytes);
    data_bytes_ = offset + bytes;
    arrays_.push_back({std::move(name), type, std::move(shape), offset, bytes});
    return std::span(own_).last(bytes);
}

void Snapshot::add(std::string name, DType type, std::vector<std::int64_t> shape, std::span<const std::byte> content) {
    std::uint64_t bytes = 0;
    ensure(product_of(shape, size_of(type), bytes) && bytes == content.size(),
           "an array has as many bytes as its shape says");
    const auto place = add(std::move(name), type, std::move(shape));
    if (!content.empty()) std::memcpy(place.data(), content.data(), content.size());
}

const ArrayInfo* Snapshot::find(std::string_view name) const {
    const auto found =
        std::find_if(arrays_.begin(), arrays_.end(), [&](const auto& array) { return array.name == name; });
    return found == arrays_.end() ? nullptr : &*found;
}

std::span<const std::byte> Snapshot::content(const ArrayInfo& array) const {
    return block().subspan(head_bytes + array.offset, array.bytes);
}

Bytes Snapshot::encode() const& { return Snapshot(*this).encode(); }

// Offsets and sizes of arrays follow from types and shapes: a block cannot contradict itself.
Bytes Snapshot::encode() && {
    if (decoded_) return *decoded_;
    own();
    ByteWriter index(own_);
    for (const auto& array : arrays_) {
        index.put(array.name);
        index.put(array.type);
        index.put(array.shape);
    }
    Head head{.data_bytes = data_bytes_, .arrays = arrays_.size()};
    std::memcpy(own_.data(), &head, sizeof head);
    head.checksum = checksum(own_);
    std::memcpy(own_.data(), &head, sizeof head);
    return std::exchange(own_, {});
}

Snapshot Snapshot::decode(std::shared_ptr<const Bytes> block) {
    Head head{};
    const auto expected = head;
    if (block->size() < head_bytes) throw DecodeError("snapshot: the data is cut short");
    std::memcpy(&head, block->data(), sizeof head);
    if (head.magic != expected.magic) throw DecodeError("snapshot: this is not a snapshot");
    if (head.version != expected.version) {
        throw DecodeError("snapshot: version " + std::to_string(head.version) +
                          " is unknown; this program reads version " + std::to_string(expected.version));
    }
    if (checksum(*block) != head.checksum) throw DecodeError("snapshot: the block is damaged (checksum)");
    if (head.data_bytes > block->size() - head_bytes) throw DecodeError("snapshot: the data is cut short");

    ByteReader index{std::span(*block).subspan(head_bytes + head.data_bytes)};
    Snapshot snapshot;
    std::set<std::string, std::less<>> names;
    std::uint64_t end = 0;
    for (std::uint64_t i = 0; i < head.arrays; ++i) {
        auto array = decode_array(index, head.data_bytes, end);
        if (!names.insert(array.name).second)
            throw DecodeError("snapshot: two arrays are called \"" + array.name + "\"");
        snapshot.arrays_.push_back(std::move(array));
    }
    if (end != head.data_bytes || index.left() != 0) throw DecodeError("snapshot: the data is cut short or too long");
    snapshot.data_bytes_ = head.data_bytes;
    snapshot.decoded_ = std::move(block);
    return snapshot;
}

}  // namespace stemma
