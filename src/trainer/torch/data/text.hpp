#pragma once
// Plain text as numbers of its words.

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace stemma {

/// Words in the order in which they were first read.
class Lexicon {
public:
    /// The words of a file, by number: separated by white space, and "<eos>" for each end of a line. Throws UserError
    /// naming the file when it cannot be read, holds a zero byte (no text) or holds no word.
    std::vector<std::int64_t> read(const std::string& file);
    const std::vector<std::string>& words() const { return words_; }

private:
    std::int64_t number_of(const std::string& word);
    std::vector<std::string> words_;
    std::unordered_map<std::string, std::int64_t> numbers_;
};

/// The words that a model knows. Number 0 is "<unk>", which stands for all others.
struct Vocabulary {
    std::vector<std::string> words;
    std::vector<std::int64_t> number;  ///< of each word of the lexicon

    std::vector<std::int64_t> translated(std::span<const std::int64_t> text) const;
};

/// The most frequent words of `training`, at most `largest` (>= 2) with "<unk>". Of equally frequent words, the first
/// ones in the text.
Vocabulary make_vocabulary(const Lexicon& lexicon, std::span<const std::int64_t> training, std::size_t largest);

}  // namespace stemma
