#pragma once
#include <span>
#include <string>
#include <string_view>

namespace stemma {

/// Number of insertions, deletions, substitutions and swaps of neighbors that turn `a` into `b`. O(|a| |b|).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The one of `known` that `word` is probably a slip of; nullptr if none is close.
const std::string* nearest(std::string_view word, std::span<const std::string> known);

/// ` (did you mean "learning_rate"?)` when one of `known` is close to `word`, else "".
std::string did_you_mean(std::string_view word, std::span<const std::string> known);

}  // namespace stemma
