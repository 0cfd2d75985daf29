#pragma once
#include <string>

#include "manager/manager.hpp"

namespace stemma {

struct ReportContext {
    std::string name;  ///< of the run
    std::string run_file;
    std::string metric;  ///< name of the one that is optimised
    std::string unit;
    std::vector<MetricInfo> metrics;
    std::size_t workers = 0;         ///< of the last incarnation
    double seconds = 0;              ///< of the search, all incarnations
    double since = 0;                ///< second at which the last one began
    double busy_before = 0;          ///< seconds of training, of all workers, before that
    bool to_max = false;             ///< scheduler.final = "max": only members trained to max are results
    std::string ended;               ///< a sentence; "" while it runs
    std::string program = "stemma";  ///< as it is typed
    std::string lineage;             ///< the best member's, drawn, with its schedule; "" where nobody has a parent
};

/// What `stemma run` ends with and `stemma status` shows: the best member, its configuration and metrics, the rungs,
/// the best lineage, failures, utilisation, where the run file is, and what to type next.
std::string final_report(const Manager& manager, const ReportContext& context);

}  // namespace stemma
