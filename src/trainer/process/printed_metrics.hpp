#pragma once
// Metrics in the output of a program that does not know Stemma.

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace stemma {

/// Finds numbers that follow a metric's name, with "=", ":" or blanks between. Thus reads `valid_loss=0.3
/// valid_accuracy=0.9`, `valid_loss: 0.3`, `valid_loss 0.3`, and {"valid_loss": 0.3} as JSON and as Python print it, in
/// one line or in several. Quotes around the name and the number are allowed, and so are nan, inf and -inf. The last
/// number of each name counts.
class PrintedMetrics {
public:
    explicit PrintedMetrics(std::vector<std::string> names) : names_(std::move(names)) {}

    /// Takes the next bytes of the output. Lines of more than `line_bytes_max` bytes are passed over.
    void feed(std::string_view bytes);
    /// Ends the last line, and returns the numbers by name.
    const std::map<std::string, double>& values();

    static constexpr std::size_t line_bytes_max = std::size_t{1} << 20U;

private:
    void read_line(std::string_view line);

    std::vector<std::string> names_;
    std::string line_;  ///< as far as it has come
    bool long_ = false;
    std::map<std::string, double> values_;
};

}  // namespace stemma
