#include "space/decimal.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace stemma {
namespace {

/// Powers of ten that a double holds exactly. One division by such a power is correctly rounded.
constexpr std::array<double, 23> exact_powers = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                                 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
constexpr int largest_exact = static_cast<int>(exact_powers.size()) - 1;

double parse_decimal(double digits, int places) {
    std::array<char, 48> text{};
    auto* last = text.data() + text.size();
    auto* end = std::to_chars(text.data(), text.data() + 24, static_cast<std::int64_t>(digits)).ptr;
    *end++ = 'e';
    end = std::to_chars(end, last, -places).ptr;
    double value = 0;
    std::from_chars(text.data(), end, value);
    return value;
}

}  // namespace

double decimal(double digits, int places) {
    // + 0.0 turns a negative zero into zero.
    if (places >= 0 && places <= largest_exact) return digits / exact_powers[static_cast<std::size_t>(places)] + 0.0;
    if (places < 0 && -places <= largest_exact) return digits * exact_powers[static_cast<std::size_t>(-places)] + 0.0;
    return parse_decimal(digits, places);
}

double round_decimal(double value, int places) {
    double scaled = 0;
    if (places >= 0 && places <= largest_exact) {
        scaled = value * exact_powers[static_cast<std::size_t>(places)];
    } else if (places < 0 && -places <= largest_exact) {
        scaled = value / exact_powers[static_cast<std::size_t>(-places)];
    } else if (places > 300) {  // 10^places would overflow
        scaled = value * std::pow(10.0, 300) * std::pow(10.0, places - 300);
    } else {
        scaled = value * std::pow(10.0, places);
    }
    return decimal(std::nearbyint(scaled), places);
}

int decimal_exponent(double value) { return static_cast<int>(std::floor(std::log10(std::abs(value)))); }

}  // namespace stemma
