#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "manager/manager.hpp"

namespace stemma {

/// The front of a search with several objectives as a table, sorted by the first one: member, resource, objectives,
/// hyperparameters where `configurations`. Above it how many results it has, its hypervolume with the reference (the
/// worst of the front and a tenth of its range), its knee. At most `rows` rows; the rest is counted. "" with one
/// objective.
std::string front_text(const Manager& manager, const std::vector<MetricInfo>& metrics, const std::string& unit,
                       std::size_t rows, bool configurations);

}  // namespace stemma
