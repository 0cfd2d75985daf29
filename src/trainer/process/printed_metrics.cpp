#include "trainer/process/printed_metrics.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

namespace stemma {
namespace {

/// A byte of a name, so that "loss" is not found in "valid_loss", nor in "loss/total".
bool in_name(char byte) {
    return std::isalnum(static_cast<unsigned char>(byte)) != 0 || byte == '_' || byte == '.' || byte == '/' ||
           byte == '-';
}

void skip(std::string_view& text, std::string_view bytes) {
    text.remove_prefix(std::min(text.find_first_not_of(bytes), text.size()));
}

void skip_quote(std::string_view& text) {
    if (text.starts_with('"') || text.starts_with('\'')) text.remove_prefix(1);
}

/// The number after a name; nothing where none follows.
std::optional<double> number_after(std::string_view text) {
    const auto before = text.size();
    skip_quote(text);
    skip(text, " \t");
    if (text.starts_with('=') || text.starts_with(':')) {
        text.remove_prefix(1);
    } else if (text.size() == before) {
        return std::nullopt;  // the name goes on
    }
    skip(text, " \t");
    skip_quote(text);
    if (text.starts_with('+')) text.remove_prefix(1);
    double value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc()) return std::nullopt;
    const auto* end = text.data() + text.size();
    // Another name begins with these letters ("info"), or the number has a unit.
    if (read.ptr != end && std::isalpha(static_cast<unsigned char>(*read.ptr)) != 0) return std::nullopt;
    return value;
}

}  // namespace

void PrintedMetrics::feed(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto end = bytes.find_first_of("\n\r");
        const auto part = bytes.substr(0, end);
        long_ = long_ || line_.size() + part.size() > line_bytes_max;
        if (!long_) line_ += part;
        if (end == std::string_view::npos) return;
        if (!long_) read_line(line_);
        line_.clear();
        long_ = false;
        bytes.remove_prefix(end + 1);
    }
}

const std::map<std::string, double>& PrintedMetrics::values() {
    feed("\n");
    return values_;
}

void PrintedMetrics::read_line(std::string_view line) {
    for (const auto& name : names_) {
        for (auto at = line.find(name); at != std::string_view::npos; at = line.find(name, at + 1)) {
            const auto after = at + name.size();
            if (at > 0 && in_name(line[at - 1])) continue;
            if (after < line.size() && in_name(line[after])) continue;
            if (const auto value = number_after(line.substr(after))) values_[name] = *value;
        }
    }
}

}  // namespace stemma
