#pragma once
// A Slurm job, as `scontrol show job` describes it, turned into sbatch options for another job like it. Where a job may
// not be queued again, its successor must ask for the same memory, node features, log file and so on.

#include <string>
#include <string_view>
#include <vector>

#include "platform/launch.hpp"

namespace stemma {

struct SbatchOptions {
    /// In sbatch's order. Components of a heterogeneous job are separated by ":".
    std::vector<std::string> words;
    /// Options of the job that sbatch cannot be given here, as scontrol writes them: "BurstBuffer=...".
    std::vector<std::string> left_out;
};

/// Options that `scontrol show job` never shows. The next job has them as its script's #SBATCH lines say.
inline constexpr std::string_view sbatch_options_not_shown =
    "--signal, --hint, --no-kill, --thread-spec, --propagate, --acctg-freq, --profile";

/// From the text of `scontrol show job JOB` and from the job's environment, which knows some options better. Slurm
/// 20.11 and later; several records are the components of one heterogeneous job. Array and dependency are not among the
/// words. Throws UserError if the text has no job. Pure.
SbatchOptions sbatch_options(std::string_view scontrol_text, const Environment& environment);

}  // namespace stemma
