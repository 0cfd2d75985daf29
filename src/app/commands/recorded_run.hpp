#pragma once
// A run file opened and replayed: the start of status, show, verify, resume and other commands.

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
    record::RunHeader header;
    Job job;
    Manager manager;  ///< in the state after the last committed input
    ReplayResult replay;
    std::size_t workers = 0;  ///< workers that joined in the last start
    Resource max = 0;         ///< largest resource of a member: the job's, or the value it was raised to
    double since = 0;         ///< second at which the last start began
    double busy_before = 0;   ///< seconds of training of all workers before the last start
    bool finished = false;    ///< the file was closed in order
    bool stop_cut = false;    ///< a user had requested a stop in the last start, and it was killed before it obeyed
    std::optional<EndReason> ended;  ///< of the last start
    std::string last_failure = {};   ///< what a training failed with last
};

/// Files beside a run file have longer names. Throws UserError with the limit if they would not fit.
void require_short_name(const std::filesystem::path& file);

/// CPU, program and compiler of this process. Where two are equal, a sampler's arithmetic is equal to the last bit.
std::string machine_text();

/// What a resume by this process adds to the run file's header.
record::HeaderAdditions header_additions(const Job& job);

/// The job in a run file, with the defaults of the time when the run began.
Job open_job(const record::RunHeader& header, const std::filesystem::path& file);

/// Throws UserError if the run was decided by other rules than the rules of this program.
void require_own_rules(const record::RunHeader& header, const std::filesystem::path& file);

/// A line that says which tables and columns of this program an older file lacks, and which program began it. "" if
/// the file lacks nothing.
std::string lacks_text(const record::RunFileReader& reader, const std::filesystem::path& file);

/// The changes as a request. @throws UserError for a training budget in another unit than the job's, and for a max that
/// is not larger than the present one
BudgetRequest checked_request(const RecordedRun& run, const LimitChanges& limits);

/// Decisions are compared with the record. Proposals are taken from the record; their differences are returned.
/// `verifying`: fitted models are made again and compared as well. Throws UserError if the file cannot be read, if it
/// was decided by other rules, or (unless `verifying`) if replay disagrees with the record. Nothing that the file names
/// is loaded or started. Files of other users, and files whose library is gone, can therefore be read. `watch` sees
/// every entry.
RecordedRun open_run(const std::filesystem::path& file, bool verifying = false,
                     const std::function<void(const record::Entry&)>& watch = {});

/// The job's --set values in the format of a run file.
std::string overrides_text(const Job& job);
/// The header of a new run file of the job.
record::RunHeader run_header(const Job& job, std::uint64_t run_id);

ReportContext report_context(const RecordedRun& run, const std::filesystem::path& file);

}  // namespace stemma
