#pragma once
// The hyperparameter schedule along a lineage: what was trained with which configuration until when.

#include <string>
#include <utility>
#include <vector>

#include "genealogy/text.hpp"
#include "space/schedule_keys.hpp"

namespace stemma {

/// One row for stages in a row that have the same hyperparameters: from, to, the members (first..last), how the first
/// was born, the metric at its end, the hyperparameters that change on the way (where they do, marked *). The others
/// are named once below. Of those that move in training it has the values that they started from, and says so. NaN
/// metrics are "-".
std::string schedule_text(const Genealogy& genealogy, MemberId member, const GenealogyNames& names,
                          const TextStyle& style);

/// Keys of [scheduler] and their values.
using SchedulerValues = std::vector<std::pair<std::string, Literal>>;

/// The same as TOML, for a job file with the same [space]: [scheduler] type = "replay", and for each stage a
/// [[schedule]] with `to` (in the trainer's unit) and the active hyperparameters under schedule_keys(). Numbers are
/// written so that they are read back equal. A lineage that was never trained gives no [[schedule]]. `values`: what
/// else stands in [scheduler].
std::string schedule_toml(const Genealogy& genealogy, MemberId member, const GenealogyNames& names,
                          const SchedulerValues& values = {});

}  // namespace stemma
