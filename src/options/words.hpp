#pragma once
// The words in which messages name values and keys.

#include <string>
#include <string_view>
#include <vector>

namespace stemma {

/// `text` in quotes for a message: control characters escaped, cut after 60 bytes.
std::string in_quotes(std::string_view text);
/// `"a", "b" or "c"`.
std::string alternatives(const std::vector<std::string>& words);
/// did_you_mean() for words from a file: nothing for words too long to be a slip.
std::string suggestion(std::string_view word, const std::vector<std::string>& known);
/// The American spelling of a British word that keys and values have: "minimize" of "minimise", "optimizer" of
/// "optimiser". Other words are returned unchanged.
std::string american(std::string_view word);
/// Shortest text that reads back as the same number; whole numbers without exponent.
std::string number_text(double value);

}  // namespace stemma
