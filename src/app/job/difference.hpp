#pragma once
// Whether two jobs mean the same, whatever their texts: comments, order and notation of keys, defaults written out,
// --set instead of a line.

#include <string>
#include <vector>

#include "app/job/job.hpp"

namespace stemma {

struct JobDifference {
    std::string key;     ///< "scheduler.eta"
    std::string first;   ///< as in TOML: "3"; "" = not given, and without a default of its own
    std::string second;  ///< the same for the second job
};

/// Settings in which two jobs differ, in order of their keys. The run file's path does not count, nor does the name
/// where one of the jobs does not give it. Pure. Takes as long as parsing both.
std::vector<JobDifference> differences(const Job& first, const Job& second);

/// "scheduler.eta is 3 in FIRST and 4 in SECOND; ..."; of many the first few.
std::string text_of(const std::vector<JobDifference>& differences, const std::string& first, const std::string& second);

}  // namespace stemma
