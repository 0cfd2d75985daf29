#pragma once
// Explicit little-endian encoding for messages and for the record. No padding, no implicit sizes.

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/ids.hpp"
#include "core/large_blocks.hpp"

namespace stemma {

static_assert(std::endian::native == std::endian::little, "Stemma's codecs assume a little-endian host");

/// Bytes(n) and resize(n) leave new bytes indeterminate. For zeros, give std::byte{0}.
using Bytes = std::vector<std::byte, LargeBlockAllocator<std::byte>>;

/// Appends a copy of `more`, which must not lie within `out`. One memcpy: insert() copies byte by byte under an
/// allocator.
inline void append(Bytes& out, std::span<const std::byte> more) {
    if (more.empty()) return;
    const auto before = out.size();
    out.resize(before + more.size());
    std::memcpy(out.data() + before, more.data(), more.size());
}

/// The bytes do not hold what they should: cut short, of a wrong kind, or with a length beyond its bound.
struct DecodeError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class ByteWriter {
public:
    explicit ByteWriter(Bytes& out) : out_(out) {}

    template <class T>
    requires(std::is_arithmetic_v<T> || std::is_enum_v<T>) void put(T value) { raw(&value, sizeof value); }
    template <class Tag>
    void put(Id<Tag> id) {
        put(id.value);
    }
    void put(std::string_view text) {
        put(static_cast<std::uint32_t>(text.size()));
        raw(text.data(), text.size());
    }
    void put(const std::string& text) { put(std::string_view(text)); }
    template <class T>
    void put(const std::vector<T>& items) {
        put(static_cast<std::uint32_t>(items.size()));
        for (const auto& item : items) put(item);
    }
    void raw(const void* data, std::size_t size) { append(out_, {static_cast<const std::byte*>(data), size}); }

private:
    Bytes& out_;
};

/// Reads what ByteWriter wrote. Every read is checked against the end. Throws DecodeError.
class ByteReader {
public:
    explicit ByteReader(std::span<const std::byte> in) : in_(in) {}

    template <class T>
    requires(std::is_arithmetic_v<T> || std::is_enum_v<T>) void get(T& value) {
        std::memcpy(&value, take(sizeof value), sizeof value);
    }
    template <class Tag>
    void get(Id<Tag>& id) {
        get(id.value);
    }
    void get(std::string& text) {
        const auto size = length(1);
        text.assign(reinterpret_cast<const char*>(take(size)), size);
    }
    template <class T>
    void get(std::vector<T>& items) {
        items.resize(length(std::is_arithmetic_v<T> ? sizeof(T) : 1));
        for (auto& item : items) get(item);
    }
    template <class T>
    T get() {
        T value{};
        get(value);
        return value;
    }
    std::size_t left() const { return in_.size(); }
    /// Throws unless everything was read.
    void expect_end() const {
        if (!in_.empty()) throw DecodeError("decode: " + std::to_string(in_.size()) + " bytes too many");
    }

private:
    const std::byte* take(std::size_t size) {
        if (size > in_.size()) {
            throw DecodeError("decode: " + std::to_string(size) + " bytes needed, " + std::to_string(in_.size()) +
                              " left");
        }
        const auto* data = in_.data();
        in_ = in_.subspan(size);
        return data;
    }
    /// A length prefix, refused when the rest cannot hold that many items. A bad length therefore allocates nothing.
    std::size_t length(std::size_t item_size) {
        const auto count = get<std::uint32_t>();
        if (count > in_.size() / item_size)
            throw DecodeError("decode: a length of " + std::to_string(count) + " is beyond the end");
        return count;
    }

    std::span<const std::byte> in_;
};

}  // namespace stemma
