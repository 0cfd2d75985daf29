#pragma once
#include <string>
#include <vector>

#include "space/search_space.hpp"

namespace stemma {

/// What the hyperparameters are called in a [[schedule]] table, where "to" is the end of the stage: their names; one
/// called "to" gets "_" appended until it is unlike the others.
std::vector<std::string> schedule_keys(const SearchSpace& space);

}  // namespace stemma
