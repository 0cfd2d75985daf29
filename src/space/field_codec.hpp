#pragma once
// Structs as bytes, field by field. Messages and the run file share these two visitors; each has a list of fields.

#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "core/bytes.hpp"
#include "core/tail.hpp"
#include "space/value_codec.hpp"

namespace stemma {

namespace detail {

template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;
template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_tail = false;
template <class T>
inline constexpr bool is_tail<Tail<T>> = true;

}  // namespace detail

/// `Fields::each(item, visitor)` calls the visitor with each field of a struct, in the order in which they are stored,
/// or with a name before it. It is declared for structs only.
template <class Fields, class T>
concept HasFields = requires(T& item) {
    Fields::each(item, [](auto&&...) {});
};

/// Appends values. Numbers and enumerations are stored as they are in memory, texts and vectors after their length
/// (uint32). An optional value follows a byte that says whether it is there. A tail is stored where it is there, and a
/// struct field by field.
template <class Fields>
struct FieldWriter {
    ByteWriter& out;

    template <class T>
    void operator()(const char*, const T& field) const {
        (*this)(field);
    }
    template <class T>
    void operator()(const T& value) const {
        if constexpr (std::is_same_v<T, Value>) {
            put_value(out, value);
        } else if constexpr (detail::is_vector<T>) {
            out.put(static_cast<std::uint32_t>(value.size()));
            for (const auto& item : value) (*this)(item);
        } else if constexpr (detail::is_optional<T>) {
            out.put(value.has_value());
            if (value) (*this)(*value);
        } else if constexpr (detail::is_tail<T>) {
            if (value) (*this)(*value);
        } else if constexpr (HasFields<Fields, const T>) {
            Fields::each(value, *this);
        } else {
            out.put(value);
        }
    }
};

/// Reads what FieldWriter wrote. `Fields::range(E{})` is a pair with the first and the last value of enumeration E.
/// Throws DecodeError for bytes that are cut short, a truth value other than 0 and 1, and an unknown enumeration value.
template <class Fields>
struct FieldReader {
    ByteReader& in;

    template <class T>
    void operator()(const char*, T& field) const {
        (*this)(field);
    }
    template <class T>
    void operator()(T& value) const {
        if constexpr (std::is_same_v<T, Value>) {
            get_value(in, value);
        } else if constexpr (std::is_same_v<T, bool>) {
            value = get_truth(in);
        } else if constexpr (std::is_enum_v<T>) {
            in.get(value);
            const auto [first, last] = Fields::range(T{});
            if (value < first || value > last)
                throw DecodeError("decode: unknown enumeration value " + std::to_string(static_cast<int>(value)));
        } else if constexpr (detail::is_vector<T>) {
            items(value);
        } else if constexpr (detail::is_optional<T>) {
            value.reset();
            if (get_truth(in)) (*this)(value.emplace());
        } else if constexpr (detail::is_tail<T>) {
            value.reset();
            if (in.left() > 0) (*this)(value.emplace());
        } else if constexpr (HasFields<Fields, T>) {
            Fields::each(value, *this);
        } else {
            in.get(value);
        }
    }

private:
    template <class Item>
    void items(std::vector<Item>& items) const {
        if constexpr (std::is_arithmetic_v<Item>) {
            in.get(items);
        } else {
            const auto count = in.get<std::uint32_t>();
            // Every item takes at least a byte. A damaged count therefore allocates nothing large.
            if (count > in.left())
                throw DecodeError("decode: a count of " + std::to_string(count) + " is beyond the end");
            items.clear();
            items.resize(count);
            for (auto& item : items) (*this)(item);
        }
    }
};

/// Reads the alternative number `index` of a variant. Returns false where the variant has no such alternative.
template <class Fields, class Variant, std::size_t I = 0>
bool decode_alternative(std::size_t index, ByteReader& in, Variant& variant) {
    if constexpr (I == std::variant_size_v<Variant>) {
        return false;
    } else {
        if (index != I) return decode_alternative<Fields, Variant, I + 1>(index, in, variant);
        Fields::each(variant.template emplace<I>(), FieldReader<Fields>{in});
        return true;
    }
}

}  // namespace stemma
