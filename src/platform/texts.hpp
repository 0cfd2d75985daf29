#pragma once
// Texts from the kernel and from other programs, for the sources of this folder.

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace stemma {

/// The content of a file; "" if it cannot be read.
inline std::string read_text(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// `text` without blanks, tabs and carriage returns at both ends.
inline std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// The pieces of `text` between separators; an empty piece at the end is left out.
inline std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> pieces;
    std::istringstream in{std::string(text)};
    for (std::string piece; std::getline(in, piece, separator);) pieces.push_back(std::move(piece));
    return pieces;
}

}  // namespace stemma
