#include "trainer/process/output_tail.hpp"

namespace stemma {
namespace {

constexpr std::size_t kept_bytes = 16 * 1024;

/// Bytes of the UTF-8 character that starts `text`; 0 if none does. (Overlong forms pass: it is for reading only.)
std::size_t character_at(std::string_view text) {
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t size = first < 0x80   ? 1
                             : first < 0xC2 ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF5 ? 4
                                            : 0;
    if (size > text.size()) return 0;
    for (std::size_t i = 1; i < size; ++i) {
        if ((static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80) return 0;
    }
    return size;
}

}  // namespace

std::string printable(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto size = character_at(text);
        const bool control = size == 1 && (static_cast<unsigned char>(text[0]) < 0x20 || text[0] == 0x7F) &&
                             text[0] != '\n' && text[0] != '\t';
        if (size == 0 || control) {
            out += '?';
        } else {
            out += text.substr(0, size);
        }
        text.remove_prefix(size == 0 ? 1 : size);
    }
    return out;
}

OutputTail::OutputTail(const std::string& log) : log_(nullptr, std::fclose) {
    if (!log.empty()) log_.reset(std::fopen(log.c_str(), "ae"));
}

void OutputTail::append(std::string_view text) {
    tail_ += text;
    if (tail_.size() > 2 * kept_bytes) tail_.erase(0, tail_.size() - kept_bytes);
    if (!log_) return;
    std::fwrite(text.data(), 1, text.size(), log_.get());
    std::fflush(log_.get());
}

std::string OutputTail::text(std::size_t bytes_max) const {
    std::string_view last(tail_);
    if (last.size() > bytes_max) {
        const bool whole = last[last.size() - bytes_max - 1] == '\n';
        last.remove_prefix(last.size() - bytes_max);
        const auto line = last.find('\n');
        if (!whole && line != std::string_view::npos && line + 1 < last.size()) last.remove_prefix(line + 1);
    }
    while (last.ends_with('\n')) last.remove_suffix(1);
    return printable(last);
}

}  // namespace stemma
