#pragma once
// One lineage trained again from scratch, by the schedule that a search found. The result of a population run is often
// its schedule (Jaderberg et al., "Population Based Training of Neural Networks", 2017, section 4.4).

#include <memory>
#include <vector>

#include "scheduler/descriptor.hpp"

namespace stemma {

struct FixedScheduleSettings {
    /// Resource at the end of each stage: >= 1, ascending. The sampler gives the stage's configuration
    /// (sampler/schedule.hpp).
    std::vector<Resource> ends;
};

/// Stage 0 is a member from scratch, each later stage a child of the member before it (cause adoption, generation =
/// stage). One member trains at a time. A stage that fails or diverges is tried again from the same parent. If the
/// parent's snapshot is no longer available, the lineage begins again from scratch. After 10 failures it is over.
///
/// Extended to a larger resource, the last member goes on with the last stage's configuration; the failures are
/// forgotten. rungs() has a row for each stage. O(1) for each event. Throws UserError on settings out of range.
std::unique_ptr<Scheduler> make_fixed_schedule(FixedScheduleSettings settings);

/// A row for each stage, with one member.
std::vector<RungRow> expected_rungs(const FixedScheduleSettings& settings, std::uint64_t members);

SchedulerDescriptor fixed_schedule_descriptor();

}  // namespace stemma
