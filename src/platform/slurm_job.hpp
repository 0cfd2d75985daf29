#pragma once
// A Slurm job as `scontrol show job` tells of it, turned into the options of sbatch for another one like it: where a
// job may not be queued again, one that follows it must ask for the same memory, node features, log file and so on.

#include <string>
#include <string_view>
#include <vector>

#include "platform/launch.hpp"

namespace stemma {

struct SbatchOptions {
    /// In sbatch's order: components of a heterogeneous job are parted by ":".
    std::vector<std::string> words;
    /// What the job has and sbatch has no option for here, as scontrol writes it: "BurstBuffer=...".
    std::vector<std::string> left_out;
};

/// Options that `scontrol show job` never tells of: the next job has them as its script's #SBATCH lines say.
inline constexpr std::string_view sbatch_options_not_shown =
    "--signal, --hint, --no-kill, --thread-spec, --propagate, --acctg-freq, --profile";

/// From the text of `scontrol show job JOB` (of Slurm 20.11 and later; several records are components of one
/// heterogeneous job) and the job's environment, which knows some options better. Neither array nor dependency are
/// among the words. Throws UserError if the text has no job. Pure.
SbatchOptions sbatch_options(std::string_view scontrol_text, const Environment& environment);

}  // namespace stemma
