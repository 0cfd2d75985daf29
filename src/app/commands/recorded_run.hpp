#pragma once
// A run file opened and replayed: what status, show, verify, resume and the others start from.

#include <filesystem>
#include <memory>

#include "app/commands/commands.hpp"
#include "app/console/final_report.hpp"
#include "app/job/job.hpp"
#include "manager/manager.hpp"
#include "record/hdf5/run_file.hpp"
#include "runtime/control_file.hpp"
#include "runtime/replay.hpp"

namespace stemma {

struct RecordedRun {
    RunHeader header;
    Job job;
    Manager manager;  ///< in the state after the last committed input
    ReplayResult replay;
    std::size_t workers = 0;         ///< that joined in the last incarnation
    Resource max = 0;                ///< what a member is trained to at most: the job's, or what it was raised to
    double since = 0;                ///< second at which that one began
    double busy_before = 0;          ///< seconds of training, of all workers, before that
    bool finished = false;           ///< the file was closed in good order
    bool stop_cut = false;           ///< a user had asked that the last incarnation stop, and it was killed before that
    std::optional<EndReason> ended;  ///< of the last incarnation
};

/// What is written beside a run file has longer names. Throws UserError with the limit where they would not fit.
void require_short_name(const std::filesystem::path& file);

/// CPU, program and compiler of this process: where two are the same, so is a sampler's arithmetic, to the last bit.
std::string machine_text();

/// What a resume by this process adds to the run file's header.
HeaderAdditions header_additions(const Job& job);

/// The job as it stands in a run file: with the defaults of the day when the run began.
Job open_job(const RunHeader& header, const std::filesystem::path& file);

/// Throws UserError where the run was decided by other rules than this program's: it cannot go on with it.
void require_own_rules(const RunHeader& header, const std::filesystem::path& file);

/// The changes as a wish.
/// @throws UserError for a training budget in another unit than the job's, and for a max that is no larger than the one
/// in force
BudgetWish checked_wish(const RecordedRun& run, const LimitChanges& limits);

/// Decisions are compared with the record; proposals too, but these are taken from it, and how they compare is left to
/// the caller. `verifying`: fitted models are made again and compared as well. Throws UserError if the file cannot be
/// read, if it was decided by other rules, or (unless `verifying`) if replay disagrees with the record.
/// Nothing that the file names is loaded or started, so that files of others can be looked at, and those whose library
/// is gone. `watch` sees every entry.
RecordedRun open_run(const std::filesystem::path& file, bool verifying = false,
                     const std::function<void(const Entry&)>& watch = {});

/// The job's --set values, as a run file keeps them.
std::string overrides_text(const Job& job);
/// What a new run file of the job begins with.
RunHeader run_header(const Job& job, std::uint64_t run_id);

ReportContext report_context(const RecordedRun& run, const std::filesystem::path& file);

}  // namespace stemma
