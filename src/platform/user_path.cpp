#include "platform/user_path.hpp"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <optional>

#include "core/error.hpp"

namespace stemma {
namespace {

namespace fs = std::filesystem;

bool in_variable(char byte) { return std::isalnum(static_cast<unsigned char>(byte)) != 0 || byte == '_'; }

struct Variable {
    std::string_view name;
    std::size_t length = 0;  ///< of the whole reference
};

/// The variable that `text`, which begins with a dollar, refers to.
std::optional<Variable> variable_at(std::string_view text) {
    const bool braces = text.substr(1).starts_with('{');
    const std::size_t from = braces ? 2 : 1;
    std::size_t to = from;
    while (to < text.size() && in_variable(text[to])) ++to;
    if (to == from || std::isdigit(static_cast<unsigned char>(text[from])) != 0) return std::nullopt;
    if (!braces) return Variable{text.substr(from, to - from), to};
    if (to == text.size() || text[to] != '}') return std::nullopt;
    return Variable{text.substr(from, to - from), to + 1};
}

std::string value_of(std::string_view name, std::string_view reference, std::string_view text,
                     const Environment& environment, Unset unset) {
    const auto found = environment.find(name);
    if (found != environment.end()) return found->second;
    if (unset == Unset::kept) return std::string(reference);
    throw UserError("the environment has no variable " + std::string(name) + ", which \"" + std::string(text) +
                    "\" names");
}

bool runs(const fs::path& file) {
    std::error_code error;
    return fs::is_regular_file(file, error) && ::access(file.c_str(), X_OK) == 0;
}

}  // namespace

std::string expanded(std::string_view text, const Environment& environment, Unset unset) {
    std::string out;
    auto rest = text;
    if (rest == "~" || rest.starts_with("~/")) {
        out = value_of("HOME", "~", text, environment, unset);
        rest.remove_prefix(1);
    }
    while (!rest.empty()) {
        const auto dollar = rest.find('$');
        out += rest.substr(0, dollar);
        if (dollar == std::string_view::npos) break;
        rest.remove_prefix(dollar);
        if (rest.starts_with("$$")) {
            out += '$';
            rest.remove_prefix(2);
        } else if (const auto variable = variable_at(rest)) {
            out += value_of(variable->name, rest.substr(0, variable->length), text, environment, unset);
            rest.remove_prefix(variable->length);
        } else {
            out += '$';
            rest.remove_prefix(1);
        }
    }
    return out;
}

std::string placed_path(const std::string& text, const std::string& folder) {
    if (text.empty()) return text;
    const fs::path path = expanded(text, read_environment());
    return path.is_absolute() || folder.empty() ? path.string() : (fs::path(folder) / path).lexically_normal().string();
}

std::string placed_word(const std::string& word, const std::string& folder) {
    if (word.find_first_of(" \t\n") != std::string::npos) return word;
    auto text = expanded(word, read_environment(), Unset::kept);
    const auto equals = text.starts_with('-') ? text.find('=') : std::string::npos;
    const auto option = equals == std::string::npos ? std::string() : text.substr(0, equals + 1);
    const auto name = text.substr(option.size());
    if (name.empty() || folder.empty() || fs::path(name).is_absolute()) return text;
    const auto place = (fs::path(folder) / name).lexically_normal();
    std::error_code error;
    return fs::is_regular_file(place, error) ? option + place.string() : text;
}

std::string program_path(const std::string& word) {
    if (word.find('/') != std::string::npos) return runs(word) ? word : "";
    const auto environment = read_environment();
    const auto path = environment.find("PATH");
    std::string_view folders = path == environment.end() ? "/bin:/usr/bin" : std::string_view(path->second);
    while (!folders.empty()) {
        const auto folder = folders.substr(0, folders.find(':'));
        folders.remove_prefix(std::min(folder.size() + 1, folders.size()));
        if (const auto file = fs::path(folder) / word; runs(file)) return file.string();
    }
    return "";
}

}  // namespace stemma
