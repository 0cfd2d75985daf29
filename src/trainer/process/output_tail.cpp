#include "trainer/process/output_tail.hpp"

#include "core/printable.hpp"

namespace stemma {
namespace {

constexpr std::size_t kept_bytes = std::size_t{16} * 1024;

}  // namespace

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
