#pragma once
// What [scheduler] says of other sections: named settings of the population methods (scheduler.preset), and what a
// replay keeps of them.

#include <string>
#include <utility>
#include <vector>

#include "app/job/job.hpp"
#include "app/job/toml_tree.hpp"

namespace stemma {

/// Defaults for keys of several sections. What the job itself says counts more.
struct Preset {
    std::string name;
    std::string scheduler;  ///< the scheduler.type that it is for
    std::string source;     ///< whose settings these are
    std::vector<KeyDefault> values;
};
const std::vector<Preset>& presets();

/// Adds to `root` what its scheduler.preset stands for. Reports a preset of another scheduler; a name that is none is
/// left to the key's own check.
void apply_preset(Node& root, Diagnostics& diagnostics);

/// Adds to `root` the defaults that its scheduler has for keys of other sections. What the job says counts more.
void apply_other_defaults(Node& root);

/// Keys of [scheduler] with which a replay trains as the search did: values of [trainer] that the search may owe to its
/// own [scheduler], whose place the replay's takes.
std::vector<std::pair<std::string, Literal>> replay_values(const TrainerSettings& trainer);

/// Gives what a replay's [scheduler] keeps of its search (replay_values()) to [trainer], where that does not set it
/// itself.
void apply_replay_values(Node& root);

}  // namespace stemma
