#include "space/value_codec.hpp"

#include <string>

namespace stemma {

void put_value(ByteWriter& out, const Value& value) {
    out.put(static_cast<std::uint8_t>(value.index()));
    if (const auto* real = std::get_if<double>(&value)) out.put(*real);
    if (const auto* integer = std::get_if<std::int64_t>(&value)) out.put(*integer);
    if (const auto* choice = std::get_if<Choice>(&value)) out.put(choice->index);
}

void get_value(ByteReader& in, Value& value) {
    const auto kind = in.get<std::uint8_t>();
    switch (kind) {
        case 0:
            value = Inactive{};
            return;
        case 1:
            value = in.get<double>();
            return;
        case 2:
            value = in.get<std::int64_t>();
            return;
        case 3:
            value = Choice{in.get<std::uint32_t>()};
            return;
        default:
            throw DecodeError("decode: unknown kind of value " + std::to_string(kind));
    }
}

bool get_truth(ByteReader& in) {
    const auto byte = in.get<std::uint8_t>();
    if (byte > 1) throw DecodeError("decode: a truth value of " + std::to_string(byte));
    return byte == 1;
}

}  // namespace stemma
