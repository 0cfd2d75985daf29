#pragma once
#include <string>
#include <vector>

#include "space/search_space.hpp"

namespace stemma {

/// Names of the hyperparameters in a [[schedule]] table, where "to" is the end of the stage. A hyperparameter called
/// "to" gets "_" appended until its name is unique.
std::vector<std::string> schedule_keys(const SearchSpace& space);

}  // namespace stemma
