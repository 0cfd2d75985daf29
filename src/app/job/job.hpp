#pragma once
// The job file: read, checked whole, and turned into settings. One table of keys (tables.hpp) drives reading, checking,
// `stemma check --explain` and docs/job-reference.md.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/job/diagnostics.hpp"
#include "app/job/settings.hpp"

namespace stemma {

struct Job {
    std::string file;                    ///< as given on the command line
    std::string text;                    ///< its bytes, before overrides
    std::vector<std::string> overrides;  ///< "path=value" of each --set, in order; text + overrides give the job again
    /// The job with all defaults filled in, as TOML; "" where a value is no UTF-8 (resolved.hpp).
    std::string resolved;
    RunSettings run;
    MetricSettings metric;
    std::vector<MetricSettings> more_metrics;  ///< of [[metric]], behind the first
    std::shared_ptr<const SearchSpace> space;
    SamplerSettings sampler;
    SchedulerSettings scheduler;
    TrainerSettings trainer;
    WorkerSettings workers;
    std::vector<std::string> notes;  ///< what is understood, and should be changed: former names of keys
};

/// Job files are written by hand; anything larger is a mistake (and bounds the time that reading takes).
inline constexpr std::size_t job_bytes_max = std::size_t{4} << 20U;

/// Bytes of a run file's name, without its folder: file systems take 255, and ".compacting" is appended on the way.
inline constexpr std::size_t run_file_name_max = 244;

/// Reads and checks `file`. Throws JobErrors with every error at once, also when the file cannot be read.
Job load_job(const std::string& file, std::span<const std::string> overrides = {});

/// The same for a given text (from a run file). `file` is only for messages and the default name. An override is
/// `path=value`: the path as in TOML (`space."my lr".low`), the value as TOML, otherwise taken as a string. `source`:
/// what the absence of a key means.
Job parse_job(std::string_view text, const std::string& file, std::span<const std::string> overrides = {},
              JobSource source = JobSource::typed);

/// `message` of a mistake that shows only when the job is used, after the place of the key that it names:
/// "jobs/x.toml:12:7: ...". After the file alone where it names none.
std::string located(const Job& job, const std::string& message);

/// How the hyperparameters of a child are chosen. PBT perturbs where there is no model. A job with a model wants its
/// proposals.
Births births_of(const Job& job);
/// Configurations that a sampler with an end proposes in all, including the points given first. Nothing for other
/// samplers.
std::optional<std::uint64_t> finite_configurations(const Job& job);

/// Configurations from scratch after which the search ends because all have been tried. Nothing where the space has a
/// continuous range or more than 2^20 configurations, or is too expensive to count (sampler/tried.hpp). Nothing also
/// where configurations may be repeated, and for populations.
std::optional<std::uint64_t> distinct_configurations(const Job& job);

/// The reference of one part: "" (overview), "scheduler", "scheduler.asha", "scheduler.eta", "space.real", ...
/// "markdown" gives reference_markdown().
/// Throws UserError when there is no such part.
std::string explain(std::string_view path);

/// docs/job-reference.md, whole.
std::string reference_markdown();

}  // namespace stemma
