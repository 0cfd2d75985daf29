// Inputs and effects as bytes: little-endian, no padding. An input is sequence, time, kind, body; an effect is kind,
// body; kind = the variant's index. A Tail is there if bytes are left. Each value has exactly one encoding, so that
// comparing bytes compares values (replay does).
#include <utility>

#include "record/fields.hpp"
#include "record/journal.hpp"
#include "space/field_codec.hpp"

namespace stemma::record {

namespace {

struct RecordFields {
    template <class S, class V>
    static void each(S& item, V&& visitor) requires record_fields::HasFields<S> {
        record_fields::each(item, visitor);
    }
    static constexpr auto range(FailureKind) { return std::pair(FailureKind::none, FailureKind::broken_program); }
    static constexpr auto range(StopReason) { return std::pair(StopReason::user, StopReason::time_limit); }
    static constexpr auto range(BirthCause) { return std::pair(BirthCause::sampled, BirthCause::backtrack); }
    static constexpr auto range(SourceKind) { return std::pair(SourceKind::scratch, SourceKind::disk); }
    static constexpr auto range(EventKind) { return std::pair(EventKind::late_report, EventKind::arm_ahead); }
    static constexpr auto range(EndReason) { return std::pair(EndReason::exhausted, EndReason::no_workers); }
};

template <class Variant>
void encode_variant(const Variant& variant, ByteWriter& out) {
    out.put(static_cast<std::uint8_t>(variant.index()));
    std::visit([&](const auto& item) { RecordFields::each(item, FieldWriter<RecordFields>{out}); }, variant);
}

template <class Variant>
Variant decode_variant(ByteReader& in) {
    const auto kind = in.get<std::uint8_t>();
    Variant variant;
    if (!decode_alternative<RecordFields>(kind, in, variant))
        throw DecodeError("decode: kind " + std::to_string(kind) + " is unknown; the record is of a newer program");
    return variant;
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
