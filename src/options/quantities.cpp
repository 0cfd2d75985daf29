#include "options/quantities.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

namespace stemma {

namespace {

/// Takes a plain decimal number (no sign, no exponent) off the front.
std::optional<double> take_number(std::string_view& text) {
    if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    if (error != std::errc{} || !std::isfinite(value)) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

/// Takes digits off the front.
std::optional<double> take_whole(std::string_view& text) {
    const auto size = std::min(text.find_first_not_of("0123456789"), text.size());
    auto digits = text.substr(0, size);
    const auto value = take_number(digits);
    text.remove_prefix(size);
    return value;
}

std::string_view take_letters(std::string_view& text) {
    std::size_t size = 0;
    while (size < text.size() && ((text[size] >= 'a' && text[size] <= 'z') || (text[size] >= 'A' && text[size] <= 'Z')))
        ++size;
    const auto letters = text.substr(0, size);
    text.remove_prefix(size);
    return letters;
}

void skip_blanks(std::string_view& text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
}

}  // namespace

std::optional<double> parse_duration(std::string_view text) {
    if (std::ranges::count(text, ':') == 2) return parse_slurm_time(text);
    constexpr std::array<std::pair<std::string_view, double>, 5> units{
        {{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}, {"ms", 1e-3}}};
    double seconds = 0;
    std::size_t next_unit = 0;
    do {
        const auto number = take_number(text);
        skip_blanks(text);
        const auto letters = take_letters(text);
        std::size_t unit = next_unit;
        while (unit < units.size() && units[unit].first != letters) ++unit;
        if (!number || unit == units.size()) return std::nullopt;
        seconds += *number * units[unit].second;
        next_unit = unit + 1;
        skip_blanks(text);
    } while (!text.empty());
    return std::isfinite(seconds) ? std::optional(seconds) : std::nullopt;
}

std::optional<double> parse_slurm_time(std::string_view text) {
    const auto dash = text.find('-');
    const bool days = dash != std::string_view::npos;
    std::vector<double> parts;
    auto rest = days ? text.substr(dash + 1) : text;
    while (true) {
        const auto number = take_whole(rest);
        if (!number) return std::nullopt;
        parts.push_back(*number);
        if (rest.empty()) break;
        if (rest.front() != ':') return std::nullopt;
        rest.remove_prefix(1);
    }
    if (parts.size() > 3) return std::nullopt;
    // The first part: hours after days and before minutes and seconds, else minutes.
    double unit = days || parts.size() == 3 ? 3600 : 60;
    double seconds = 0;
    for (const double part : parts) {
        seconds += part * unit;
        unit /= 60;
    }
    if (!days) return seconds;
    auto before = text.substr(0, dash);
    const auto count = take_whole(before);
    return count && before.empty() ? std::optional(seconds + *count * 86400) : std::nullopt;
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
    constexpr std::array<std::pair<std::string_view, double>, 9> units{{{"B", 1},
                                                                        {"kB", 1e3},
                                                                        {"MB", 1e6},
                                                                        {"GB", 1e9},
                                                                        {"TB", 1e12},
                                                                        {"KiB", 0x1p10},
                                                                        {"MiB", 0x1p20},
                                                                        {"GiB", 0x1p30},
                                                                        {"TiB", 0x1p40}}};
    const auto number = take_number(text);
    skip_blanks(text);
    if (!number) return std::nullopt;
    for (const auto& [name, factor] : units) {
        if (text != name) continue;
        const double bytes = std::round(*number * factor);
        return bytes < 0x1p63 ? std::optional(static_cast<std::uint64_t>(bytes)) : std::nullopt;
    }
    return std::nullopt;
}

}  // namespace stemma
