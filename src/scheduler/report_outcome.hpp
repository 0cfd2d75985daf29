#pragma once
#include <algorithm>
#include <array>

#include "core/error.hpp"
#include "outcome/outcome.hpp"
#include "scheduler/scheduler.hpp"

namespace stemma {

/// What the order over outcomes compares of a report. Diverged if its objective is not finite.
inline Outcome outcome_of(const event::Report& report) {
    ensure(report.more.size() < most_objectives, "a report has at most three objectives");
    std::array<double, most_objectives> values{report.objective};
    std::copy(report.more.begin(), report.more.end(), values.begin() + 1);
    return {Objectives(std::span(values).first(report.more.size() + 1))};
}

}  // namespace stemma
