#include "core/rng.hpp"

#include <cmath>
#include <numbers>

#include "core/error.hpp"

namespace stemma {

__extension__ using Product = unsigned __int128;

std::uint64_t Stream::below(std::uint64_t bound) {
    ensure(bound > 0, "Stream::below needs bound > 0");
    const std::uint64_t threshold = (0 - bound) % bound;
    while (true) {
        const auto product = static_cast<Product>((*this)()) * bound;
        if (static_cast<std::uint64_t>(product) >= threshold) return static_cast<std::uint64_t>(product >> 64U);
    }
}

double Stream::normal() {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

}  // namespace stemma
