#include "trainer/torch/data/text.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "core/error.hpp"

namespace stemma {
namespace {

constexpr const char* end_of_line = "<eos>";
constexpr const char* unknown = "<unk>";

}  // namespace

std::int64_t Lexicon::number_of(const std::string& word) {
    const auto [at, is_new] = numbers_.try_emplace(word, static_cast<std::int64_t>(words_.size()));
    if (is_new) words_.push_back(word);
    return at->second;
}

std::vector<std::int64_t> Lexicon::read(const std::string& file) {
    std::ifstream in(file);
    std::vector<std::int64_t> text;
    bool any = false;
    std::string line, word;
    while (std::getline(in, line)) {
        if (line.find('\0') != std::string::npos) {
            throw UserError("data file " + file + " holds zero bytes: it is no plain text" +
                            " (a compressed file has to be unpacked first)");
        }
        std::istringstream words(line);
        while (words >> word) {
            text.push_back(number_of(word));
            any = true;
        }
        text.push_back(number_of(end_of_line));
    }
    if (!any) throw UserError("data file " + file + " cannot be read, or has no words; give a plain text");
    return text;
}

std::vector<std::int64_t> Vocabulary::translated(std::span<const std::int64_t> text) const {
    std::vector<std::int64_t> out(text.size());
    std::transform(text.begin(), text.end(), out.begin(),
                   [&](std::int64_t word) { return number[static_cast<std::size_t>(word)]; });
    return out;
}

Vocabulary make_vocabulary(const Lexicon& lexicon, std::span<const std::int64_t> training, std::size_t largest) {
    ensure(largest >= 2, "the size of a vocabulary has been checked");
    const auto& words = lexicon.words();
    std::vector<std::int64_t> counts(words.size());
    for (const auto word : training) ++counts[static_cast<std::size_t>(word)];
    std::vector<std::size_t> known;
    for (std::size_t word = 0; word < words.size(); ++word) {
        if (counts[word] > 0 && words[word] != unknown) known.push_back(word);
    }
    std::stable_sort(known.begin(), known.end(), [&](auto a, auto b) { return counts[a] > counts[b]; });
    known.resize(std::min(known.size(), largest - 1));

    Vocabulary vocabulary{{unknown}, std::vector<std::int64_t>(words.size())};
    for (const auto word : known) {
        vocabulary.number[word] = static_cast<std::int64_t>(vocabulary.words.size());
        vocabulary.words.push_back(words[word]);
    }
    return vocabulary;
}

}  // namespace stemma
