#pragma once
// A job with all its defaults filled in, as TOML. A run file keeps it as /job_resolved. A later change of a default or
// of a key's name thus changes nothing for the run (Key::before, Key::formerly).

#include <string>
#include <utility>
#include <vector>

#include "app/job/job.hpp"
#include "app/job/section.hpp"

namespace stemma {

/// The sections of a job, with the values that their readers stored.
class ResolvedJob {
public:
    /// A value, given or a default. Presets are not entered, because their values stand in other keys.
    void add(const std::string& section, const Key& key, const Checked& checked);
    /// A default that depends on other settings; nothing where the key has a value.
    void fill(const std::string& section, const std::string& key, Node value);
    /// TOML that parse_job() reads as the same job. `root`: the tree that the job was read from, for the lists of
    /// tables beside the sections. "" where a value is no UTF-8, which TOML cannot express.
    std::string text(const Node& root) const;

private:
    struct Section {
        std::string path;
        std::vector<std::pair<std::string, Node>> values;
    };
    const Section* find(const std::string& path) const;

    std::vector<Section> sections_;  ///< in the order of their reading
};

/// Fills in the defaults that do not stand in a key.
void fill_dependent_defaults(const Job& job, ResolvedJob& resolved);

/// A value as TOML in one line, tables in braces.
std::string inline_toml(const Node& node);

}  // namespace stemma
