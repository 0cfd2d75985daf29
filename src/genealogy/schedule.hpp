#pragma once
// The hyperparameter schedule along a lineage: which configuration trained up to which resource.

#include <string>
#include <utility>
#include <vector>

#include "genealogy/text.hpp"
#include "space/schedule_keys.hpp"

namespace stemma {

/// One row for consecutive stages with the same hyperparameters. Its columns: from, to, the members (first..last), how
/// the first was born, the metric at its end, and the hyperparameters that change along the lineage. A changed value is
/// marked with *. The other hyperparameters are listed once below. For hyperparameters that move in training the row
/// has the start values, and says so. NaN metrics are "-".
std::string schedule_text(const Genealogy& genealogy, MemberId member, const GenealogyNames& names,
                          const TextStyle& style);

/// Keys of [scheduler] and their values.
using SchedulerValues = std::vector<std::pair<std::string, Literal>>;

/// The schedule as TOML, for a job file with the same [space]: [scheduler] type = "schedule", and for each stage a
/// [[schedule]]. It has `to` (in the trainer's unit) and the active hyperparameters under schedule_keys(). Numbers are
/// written so that they read back equal. A lineage without training gives no [[schedule]]. `values`: other keys of
/// [scheduler].
std::string schedule_toml(const Genealogy& genealogy, MemberId member, const GenealogyNames& names,
                          const SchedulerValues& values = {});

}  // namespace stemma
