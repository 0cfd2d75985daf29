#pragma once
// Changes to the limits of a search, as the command lines of resume, budget and ask give them. They are checked by the
// same keys as the job's: [run.budget] and scheduler.max.

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "core/ids.hpp"

namespace stemma {

/// What is absent stays as it is.
struct LimitChanges {
    std::optional<std::uint64_t> members;
    std::optional<std::uint64_t> reports;
    std::optional<std::uint64_t> resource;
    std::optional<double> seconds;
    std::optional<double> target;
    std::optional<Resource> max;
    std::string unit;  ///< "epochs" or "steps" if `resource` was given by that name, else ""
    bool any() const { return members || reports || resource || seconds || target || max; }
};

/// One option of the command line: "--wall-time" and what follows it.
struct LimitText {
    std::string option;
    std::string text;
};

/// @throws UserError for the first limit that its key would refuse: "--members must be an integer in 1 .. 10^15; got
/// -1"
LimitChanges parse_limits(std::span<const LimitText> texts);

}  // namespace stemma
