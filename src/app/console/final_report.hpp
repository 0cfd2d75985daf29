#pragma once
#include <string>

#include "manager/manager.hpp"

namespace stemma {

struct ReportContext {
    std::string name;  ///< of the run
    std::string run_file;
    std::string metric;  ///< name of the metric that is optimized
    std::string unit;
    std::vector<MetricInfo> metrics;
    std::size_t workers = 0;         ///< of the last start
    double seconds = 0;              ///< of the search, over all starts
    double since = 0;                ///< second of the search at which the last start began
    double busy_before = 0;          ///< seconds of training of all workers before the last start
    bool to_max = false;             ///< scheduler.final = "max": only members trained to max are results
    std::string ended;               ///< a sentence; "" while it runs
    std::string program = "stemma";  ///< as it is typed
    std::string last_failure;        ///< what a training failed with last; "" = none failed
    bool resumable = false;          ///< it was stopped before its end
    bool gave_up = false;            ///< it ended for its failures
    bool saved_by_program = false;   ///< models are files of a program, not of Stemma's
    std::string lineage;             ///< the best member's, drawn, with its schedule; "" if no member has a parent
    std::string selection;           ///< a paragraph where selection among siblings sees noise, else ""
};

/// What `stemma run` ends with and `stemma status` shows: the best member, its configuration and metrics, the rungs;
/// the best lineage, failures, utilization; the path of the run file, and the next commands.
std::string final_report(const Manager& manager, const ReportContext& context);

}  // namespace stemma
