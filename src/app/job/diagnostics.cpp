#include "app/job/diagnostics.hpp"

#include <algorithm>
#include <tuple>

#include "core/suggest.hpp"

namespace stemma {

namespace {

std::string join(const std::vector<JobError>& errors) {
    std::string text;
    for (const auto& error : errors) text += (text.empty() ? "" : "\n") + error.text();
    return text;
}

}  // namespace

JobErrors::JobErrors(std::vector<JobError> list) : UserError(join(list)), errors(std::move(list)) {}

void Diagnostics::error(Place place, const std::string& key, const std::string& message) {
    ++count_;
    if (full()) return;
    errors_.push_back({where(place), place, key, key.empty() ? message : key + " " + message});
}

bool Diagnostics::blamed(std::string_view key) const {
    return std::any_of(errors_.begin(), errors_.end(), [&](const JobError& error) { return error.key == key; });
}

void Diagnostics::throw_if_any() {
    if (errors_.empty()) return;
    std::stable_sort(errors_.begin(), errors_.end(), [](const JobError& a, const JobError& b) {
        const auto order = [](const Place& p) { return std::tuple(p.override_index, p.line, p.column); };
        return order(a.place) < order(b.place);
    });
    if (count_ > errors_.size()) {
        errors_.push_back({file_, {}, "", "and " + std::to_string(count_ - errors_.size()) + " more errors"});
    }
    throw JobErrors(std::move(errors_));
}

std::string Diagnostics::where(Place place) const {
    if (place.override_index >= 0) return "--set " + overrides_.at(static_cast<std::size_t>(place.override_index));
    if (place.line == 0) return file_;
    return file_ + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

std::string in_quotes(std::string_view text) {
    constexpr std::size_t bytes_max = 60;
    std::string out = "\"";
    std::size_t end = std::min(text.size(), bytes_max);
    // Do not cut a UTF-8 sequence in two.
    while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    for (const char c : text.substr(0, end)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7F) {
            constexpr std::string_view digits = "0123456789abcdef";
            out += c == '\n' ? "\\n" : c == '\t' ? "\\t" : std::string("\\x") + digits[byte >> 4U] + digits[byte & 15U];
        } else {
            out += c;
        }
    }
    return out + (end < text.size() ? "...\"" : "\"");
}

std::string alternatives(const std::vector<std::string>& words) {
    std::string out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
        out += in_quotes(words[i]);
    }
    return out;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& known) {
    constexpr std::size_t bytes_max = 64;
    constexpr std::size_t known_max = 1000;
    if (word.size() > bytes_max || known.size() > known_max) return "";
    return did_you_mean(word, known);
}

}  // namespace stemma
