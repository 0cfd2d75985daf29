// Where in the job file a mistake stands that shows only when the job is used.
#include <algorithm>
#include <cctype>

#include "app/job/readers.hpp"
#include "app/job/tables.hpp"

namespace stemma {

namespace {

bool in_key(char byte) { return std::isalnum(static_cast<unsigned char>(byte)) != 0 || byte == '_' || byte == '.'; }

/// The first word of `message` that is a section and a key of it, such as "trainer.path"; "" = none.
std::string_view key_in(std::string_view message) {
    const auto sections = section_names();
    while (!message.empty()) {
        const auto size = static_cast<std::size_t>(std::ranges::find_if_not(message, in_key) - message.begin());
        auto word = message.substr(0, size);
        while (word.ends_with('.')) word.remove_suffix(1);
        const auto dot = word.find('.');
        const auto section = std::string(word.substr(0, dot));
        if (dot != std::string_view::npos && std::ranges::find(sections, section) != sections.end()) return word;
        message.remove_prefix(std::min(size + 1, message.size()));
    }
    return {};
}

}  // namespace

std::string located(const Job& job, const std::string& message) {
    const auto path = key_in(message);
    if (path.empty()) return job.file + ": " + message;
    Diagnostics diagnostics(job.file, job.overrides);
    const auto root = settled_tree(job.text, job.overrides, diagnostics);
    const auto dot = path.find('.');
    const auto place = place_of(root, {path.substr(0, dot), path.substr(dot + 1)});
    return diagnostics.where(place) + ": " + message;
}

}  // namespace stemma
