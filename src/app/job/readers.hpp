#pragma once
// The parts of reading a job that are more than a table of keys. For job.cpp only.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/job/job.hpp"
#include "app/job/section.hpp"
#include "app/job/toml_tree.hpp"

namespace stemma {

/// The text as a tree, with --set values, presets and the like in their places. The sections are read from this tree.
/// Throws JobErrors where the text is no TOML.
Node settled_tree(std::string_view text, std::span<const std::string> overrides, Diagnostics& diagnostics);

/// Reports tables and keys at the top that are no section. One that plainly means a section is read as that section, so
/// that nothing is called missing on its account.
void check_sections(Node& root, Diagnostics& diagnostics);

/// rename_keys() of section.hpp in all sections.
void rename_keys(Node& root, Diagnostics& diagnostics);

/// Other tools' words for a space: "float", "int", "loguniform", min and max, values, log = true; a type that the other
/// keys leave no doubt of; a list of texts for a choice; a value for a constant; names nested as in [space.optim.lr].
void read_space_words(Node& root);
/// The line to write for a parameter that is no table, or has no type.
std::string example_of(const std::string& name, const Node& node);

/// [space] and [[forbidden]]; nullptr when they have errors.
std::shared_ptr<const SearchSpace> read_space(const Node& root, Diagnostics& diagnostics);

/// [[sampler.first]].
std::vector<Configuration> read_first_points(const Node& root, const SearchSpace& space, Diagnostics& diagnostics);

/// [metric], or [[metric]] once for each metric that is optimized.
void read_metrics(const Node& root, Job& job, Diagnostics& diagnostics);
/// What has no meaning with several metrics.
void check_metrics(const Node& root, const Job& job, Diagnostics& diagnostics);

/// [[schedule]] of scheduler.type = "schedule".
void read_schedule(const Node& root, Job& job, Diagnostics& diagnostics);

/// The configuration of all defaults, if a parameter has a default. It comes after the points that are there already.
void add_default_point(const Node& root, const SearchSpace& space, std::vector<Configuration>& points,
                       Diagnostics& diagnostics);

/// The role of a parameter that gives none: mutable if the trainer can go on with another value in mid-training.
Role default_role(const Node& root, std::string_view name);

/// [trainer] with its hyperparameters, after [scheduler] and [metric], and the check that the space fits the trainer.
void read_trainer(const Node& root, Job& job, Diagnostics& diagnostics);

/// The trainer that [trainer] names; nullptr where there is no such trainer.
const TrainerDescriptor* trainer_of(const Node& root);

/// Takes the algorithm that a section names, with its defaults.
template <class Descriptor>
void choose(const SectionShape& shape, const std::vector<Descriptor>& all, Chosen<Descriptor>& chosen) {
    if (shape.certain) chosen.type = &named(all, shape.selector);
    chosen.settings = chosen.type->defaults;
}

/// What no single key can tell: limits that contradict each other, a search without end, and whether forbidden clauses
/// and a grid leave enough for the scheduler.
void check_points(const Node& root, const Job& job, Diagnostics& diagnostics);
void check_whole(const Node& root, const Job& job, Diagnostics& diagnostics);

}  // namespace stemma
