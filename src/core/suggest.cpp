#include "core/suggest.hpp"

#include <algorithm>
#include <vector>

namespace stemma {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t substitution = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, substitution});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before.swap(last);
        last.swap(row);
    }
    return last[b.size()];
}

const std::string* nearest(std::string_view word, std::span<const std::string> known) {
    std::size_t best = std::max<std::size_t>(1, word.size() / 3) + 1;
    const std::string* found = nullptr;
    for (const auto& candidate : known) {
        const auto distance = edit_distance(word, candidate);
        if (distance < best) {
            best = distance;
            found = &candidate;
        }
    }
    return found;
}

std::string did_you_mean(std::string_view word, std::span<const std::string> known) {
    const auto* meant = nearest(word, known);
    return meant == nullptr ? "" : " (did you mean \"" + *meant + "\"?)";
}

}  // namespace stemma
