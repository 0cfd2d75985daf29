// Inputs and effects as bytes: little-endian, no padding. An input is sequence, time, kind, body; an effect is kind,
// body; kind = the variant's index. A Tail is there if bytes are left. Each value has exactly one encoding, so that
// comparing bytes compares values (replay does).
#include <type_traits>
#include <utility>

#include "record/fields.hpp"
#include "record/journal.hpp"
#include "space/value_codec.hpp"

namespace stemma::record {

namespace {

using record_fields::each;
using record_fields::HasFields;

struct Write {
    ByteWriter& out;

    template <class T>
    void operator()(const char*, const T& field) const {
        (*this)(field);
    }
    template <class T>
    requires(std::is_arithmetic_v<T> || std::is_enum_v<T>) void operator()(T value) const { out.put(value); }
    template <class Tag>
    void operator()(const Id<Tag>& id) const {
        out.put(id);
    }
    void operator()(const std::string& text) const { out.put(text); }
    void operator()(const std::vector<double>& values) const { out.put(values); }
    void operator()(const std::optional<double>& value) const {
        out.put(value.has_value());
        if (value) out.put(*value);
    }
    void operator()(const Value& value) const { put_value(out, value); }
    template <class T>
    void operator()(const Tail<T>& tail) const {
        if (tail) (*this)(*tail);
    }
    template <HasFields T>
    void operator()(const T& item) const {
        each(item, *this);
    }
    template <class T>
    requires(HasFields<T> || std::is_same_v<T, Value>) void operator()(const std::vector<T>& items) const {
        out.put(static_cast<std::uint32_t>(items.size()));
        for (const auto& item : items) (*this)(item);
    }
};

struct Read {
    ByteReader& in;

    template <class T>
    void operator()(const char*, T& field) const {
        (*this)(field);
    }
    template <class T>
    requires std::is_arithmetic_v<T>
    void operator()(T& value) const { in.get(value); }
    void operator()(bool& value) const { value = get_truth(in); }
    void operator()(FailureKind& value) const { enumeration(value, FailureKind::none, FailureKind::broken_program); }
    void operator()(StopReason& value) const { enumeration(value, StopReason::user, StopReason::time_limit); }
    void operator()(BirthCause& value) const { enumeration(value, BirthCause::sampled, BirthCause::backtrack); }
    void operator()(SourceKind& value) const { enumeration(value, SourceKind::scratch, SourceKind::disk); }
    void operator()(EventKind& value) const { enumeration(value, EventKind::late_report, EventKind::selected); }
    void operator()(EndReason& value) const { enumeration(value, EndReason::exhausted, EndReason::no_workers); }
    template <class Tag>
    void operator()(Id<Tag>& id) const {
        in.get(id);
    }
    void operator()(std::string& text) const { in.get(text); }
    void operator()(std::vector<double>& values) const { in.get(values); }
    void operator()(std::optional<double>& value) const {
        bool there = false;
        (*this)(there);
        value = there ? std::optional(in.get<double>()) : std::nullopt;
    }
    void operator()(Value& value) const { get_value(in, value); }
    template <class T>
    void operator()(Tail<T>& tail) const {
        tail.reset();
        if (in.left() > 0) (*this)(tail.emplace());
    }
    template <HasFields T>
    void operator()(T& item) const {
        each(item, *this);
    }
    template <class T>
    requires(HasFields<T> || std::is_same_v<T, Value>) void operator()(std::vector<T>& items) const {
        const auto count = in.get<std::uint32_t>();
        // Every item takes at least a byte. A damaged count therefore allocates nothing large.
        if (count > in.left()) throw DecodeError("decode: a count of " + std::to_string(count) + " is beyond the end");
        items.clear();
        items.resize(count);
        for (auto& item : items) (*this)(item);
    }

private:
    template <class Enum>
    void enumeration(Enum& value, Enum first, Enum last) const {
        in.get(value);
        if (value >= first && value <= last) return;
        throw DecodeError("decode: unknown enumeration value " + std::to_string(static_cast<int>(value)));
    }
};

template <class Variant>
void encode_variant(const Variant& variant, ByteWriter& out) {
    out.put(static_cast<std::uint8_t>(variant.index()));
    std::visit([&](const auto& item) { each(item, Write{out}); }, variant);
}

template <class Variant, std::size_t... Kinds>
Variant decode_kind(std::uint8_t kind, ByteReader& in, std::index_sequence<Kinds...>) {
    Variant variant;
    const auto take = [&](auto& item) { each(item, Read{in}); };
    const bool found = ((kind == Kinds && (take(variant.template emplace<Kinds>()), true)) || ...);
    if (!found)
        throw DecodeError("decode: kind " + std::to_string(kind) + " is unknown; the record is of a newer program");
    return variant;
}

template <class Variant>
Variant decode_variant(ByteReader& in) {
    const auto kind = in.get<std::uint8_t>();
    return decode_kind<Variant>(kind, in, std::make_index_sequence<std::variant_size_v<Variant>>());
}

}  // namespace

void encode(const Input& input, Bytes& out) {
    ByteWriter writer(out);
    writer.put(input.sequence);
    writer.put(input.time);
    encode_variant(input.body, writer);
}

Input decode_input(std::span<const std::byte> in) {
    ByteReader reader(in);
    Input input;
    reader.get(input.sequence);
    reader.get(input.time);
    input.body = decode_variant<input::Body>(reader);
    reader.expect_end();
    return input;
}

void encode(const Effect& effect, Bytes& out) {
    ByteWriter writer(out);
    encode_variant(effect, writer);
}

Effect decode_effect(ByteReader& in) { return decode_variant<Effect>(in); }

}  // namespace stemma::record
