#pragma once
#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace stemma {

/// The last output of a program, for the record of a failure. All output goes to a log file.
class OutputTail {
public:
    /// Appends to `log`; "" = no log. If the log cannot be written, the object works without it.
    explicit OutputTail(const std::string& log);
    void append(std::string_view text);
    /// The last whole lines, printable UTF-8, at most `bytes_max` bytes.
    std::string text(std::size_t bytes_max = 3000) const;
    void clear() { tail_.clear(); }

private:
    std::string tail_;
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> log_;
};

}  // namespace stemma
