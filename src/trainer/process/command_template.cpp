#include "trainer/process/command_template.hpp"

#include <algorithm>

namespace stemma {
namespace {

template <class Range>
bool contains(const Range& range, std::string_view name) {
    return std::ranges::find(range, name) != range.end();
}

/// The name that a placeholder at `word[0] == '{'` has; empty where this brace begins none.
std::string_view name_at(std::string_view word) {
    const auto end = word.find('}');
    if (end == std::string_view::npos) return {};
    const auto name = word.substr(1, end - 1);
    return name.find_first_of(" \t\n\"',:{") == std::string_view::npos ? name : std::string_view();
}

}  // namespace

const std::vector<std::string>& placeholders_of_trainings() {
    static const std::vector<std::string> names{"from",    "to",   "max",      "start", "save",
                                                "metrics", "seed", "run_seed", "member"};
    return names;
}

CommandTemplate::CommandTemplate(std::vector<std::string> words) {
    for (const auto& word : words) {
        words_.push_back(pieces_of(word));
        for (const auto& piece : words_.back()) {
            if (piece.placeholder && !contains(names_, piece.text)) names_.push_back(piece.text);
        }
    }
}

std::vector<CommandTemplate::Piece> CommandTemplate::pieces_of(std::string_view word) {
    std::vector<Piece> pieces;
    std::string plain;
    int opened = 0;  // "{{" whose "}}" has not come
    while (!word.empty()) {
        std::size_t taken = 1;
        if (word.starts_with("{{")) {
            ++opened;
            taken = 2;
            plain += '{';
        } else if (word.starts_with("}}") && opened > 0) {
            --opened;
            taken = 2;
            plain += '}';
        } else if (const auto name = word[0] == '{' ? name_at(word) : std::string_view(); !name.empty()) {
            taken = name.size() + 2;
            if (!plain.empty()) pieces.push_back({std::move(plain), false});
            plain.clear();
            pieces.push_back({std::string(name), true});
        } else {
            plain += word[0];
        }
        word.remove_prefix(taken);
    }
    if (!plain.empty() || pieces.empty()) pieces.push_back({std::move(plain), false});
    return pieces;
}

bool CommandTemplate::has(std::string_view name) const { return contains(names_, name); }

std::vector<std::string> CommandTemplate::filled(const std::map<std::string, std::string>& values) const {
    std::vector<std::string> out;
    for (const auto& pieces : words_) {
        std::string word;
        bool whole = true;
        for (const auto& piece : pieces) {
            if (!piece.placeholder) {
                word += piece.text;
                continue;
            }
            const auto found = values.find(piece.text);
            whole = whole && found != values.end() && !found->second.empty();
            if (whole) word += found->second;
        }
        if (whole) out.push_back(std::move(word));
    }
    return out;
}

std::string CommandTemplate::left_alone(const std::vector<std::string>& empty) const {
    for (std::size_t i = 1; i < words_.size(); ++i) {
        const auto& before = words_[i - 1];
        const bool option = before.size() == 1 && !before.front().placeholder && before.front().text.size() > 1 &&
                            before.front().text.starts_with('-') && before.front().text.find("=") == std::string::npos;
        const auto& word = words_[i];
        if (option && word.size() == 1 && word.front().placeholder && contains(empty, word.front().text))
            return before.front().text;
    }
    return "";
}

}  // namespace stemma
