#include <fmt/format.h>

#include "space/parameter.hpp"
#include "space/text.hpp"

namespace stemma {
namespace {

/// The shortest text that reads back as the same number, marked as no integer.
std::string real_text(double value) {
    auto text = fmt::format("{}", value);
    return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
}

}  // namespace

std::string to_string(const Literal& literal) {
    if (const auto* boolean = std::get_if<bool>(&literal)) return *boolean ? "true" : "false";
    if (const auto* integer = std::get_if<std::int64_t>(&literal)) return fmt::format("{}", *integer);
    if (const auto* real = std::get_if<double>(&literal)) return real_text(*real);
    return std::get<std::string>(literal);
}

bool same(const Literal& a, const Literal& b) {
    if (const auto* integer = std::get_if<std::int64_t>(&a)) {
        if (const auto* real = std::get_if<double>(&b)) return static_cast<double>(*integer) == *real;
    }
    if (std::holds_alternative<double>(a) && std::holds_alternative<std::int64_t>(b)) return same(b, a);
    return a == b;
}

}  // namespace stemma
