#pragma once
// What [scheduler] implies for other sections: named settings of the population methods (scheduler.preset), and the
// settings that a schedule keeps.

#include <string>
#include <utility>
#include <vector>

#include "app/job/job.hpp"
#include "app/job/toml_tree.hpp"

namespace stemma {

/// Defaults for keys of several sections. The job's own values take precedence.
struct Preset {
    std::string name;
    std::string scheduler;  ///< the scheduler.type that it is for
    std::string source;     ///< whose settings these are
    std::vector<KeyDefault> values;
};
const std::vector<Preset>& presets();

/// Adds to `root` the values of its scheduler.preset. Reports a preset of another scheduler. An unknown name is left to
/// the key's own check.
void apply_preset(Node& root, Diagnostics& diagnostics);

/// The defaults that a scheduler has for keys of other sections: its own, and random draws for a population that names
/// no sampler.
std::vector<KeyDefault> other_defaults_of(const SchedulerDescriptor& scheduler);

/// Adds to `root` the defaults that its scheduler has for keys of other sections. The job's own values take precedence.
void apply_other_defaults(Node& root);

/// Keys of [scheduler] with which a schedule trains as the search did. They are values of [trainer] that the search may
/// take from its own [scheduler], which the schedule's [scheduler] replaces.
std::vector<std::pair<std::string, Literal>> schedule_values(const TrainerSettings& trainer);

/// Copies the settings that a schedule's [scheduler] keeps of its search (schedule_values()) to [trainer], unless that
/// sets them itself.
void apply_schedule_values(Node& root);

}  // namespace stemma
