#pragma once
// One function for each subcommand. Each returns the process's exit code, and throws UserError for mistakes of the
// user.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/job/limits.hpp"
#include "app/ranks/exit_codes.hpp"
#include "core/ids.hpp"

namespace stemma {

struct JobOptions {
    std::string file;
    std::vector<std::string> overrides;  ///< --set path=value
};

/// How a search is started, for run and resume.
struct LaunchOptions {
    /// Inside this process, without a launcher. 0 = one for each GPU, without GPUs one for each core.
    std::uint32_t workers = 0;
    bool quiet = false;
    /// Folder of the node for the live run file. "" = a folder for temporary files if the run file's file system is
    /// shared between hosts; "none" = never.
    std::string node_local = {};
    std::optional<double> grace = {};  ///< seconds before the allocation's end at which the search ends in order
};

ExitCode check(const JobOptions& options, bool start_program);
ExitCode explain_key(const std::string& path);
struct PreviewOptions {
    std::uint32_t workers = 0;  ///< 0: as many as `stemma run` starts here
    bool time = false;          ///< time one lease, to give hours
};
ExitCode preview(const JobOptions& job, const PreviewOptions& options);

struct BatchOptions {
    JobOptions job;
    std::uint32_t nodes = 1;
    std::uint32_t gpus_per_node = 0;
    std::uint32_t workers_per_node = 0;  ///< 0: as many as GPUs, without GPUs 4
    std::uint32_t cores = 1;             ///< of each worker
    double seconds = 3600;               ///< of the allocation
    std::string partition;
    std::string account;
    std::optional<double> unit_seconds;  ///< of one unit of training, for the sums
};
/// Prints a script for sbatch.
ExitCode print_batch_script(const BatchOptions& options);
/// Reads `scontrol show job` from standard input. Prints the options of sbatch for a similar job, one on each line, and
/// on standard error the options that are left out.
ExitCode print_batch_options();

struct RunOptions {
    std::string output;         ///< "" = the job's value
    bool continue_run = false;  ///< --continue
};
ExitCode run(const JobOptions& job, const RunOptions& options, const LaunchOptions& launch);
/// `trust`: code that the file names is loaded and started although the file belongs to another user.
ExitCode resume(const std::filesystem::path& file, const LimitChanges& limits, const LaunchOptions& launch, bool trust);
ExitCode verify(const std::filesystem::path& file);
ExitCode status(const std::filesystem::path& file);
/// `member`: a number, or "best".
ExitCode show(const std::filesystem::path& file, const std::string& member);

struct AskOptions {
    bool wait = false;    ///< until something can be trained, or the search has ended
    LimitChanges limits;  ///< changed before asking
};
/// Prints a lease of a search whose trainer.type is "ask", as one line of JSON. Makes the run file from `job` if it
/// does not exist.
ExitCode ask(const std::filesystem::path& file, const JobOptions& job, const AskOptions& options);
struct TellOptions {
    std::vector<std::string> metrics;  ///< "valid_loss=0.3"
    std::optional<Resource> at;        ///< the level reached; absent = the level that was asked for
    std::optional<double> seconds;     ///< of training; absent = since it was asked for
    std::string failure;               ///< "" = none; a kind of failure, or "lost"
    std::string message;
};
/// Records the result of a lease.
ExitCode tell(const std::filesystem::path& file, std::uint64_t lease, const TellOptions& options);

struct ExportOptions {
    std::string csv;              ///< folder
    std::string json;             ///< file, "-" = standard output
    std::string weights;          ///< file
    std::string newick;           ///< file, "-" = standard output; written by the Python package, as are the following
    std::string graphml;          ///< file, "-" = standard output
    std::string tensorboard;      ///< folder
    std::string parquet;          ///< folder
    std::string optuna;           ///< storage's address
    std::string mlflow;           ///< tracking address
    bool follow = false;          ///< tensorboard and mlflow: append what comes, until the search has ended
    std::string member = "best";  ///< for weights: a number, or "best"
};
ExitCode export_run(const std::filesystem::path& file, const ExportOptions& options);

struct LineageOptions {
    std::string member;  ///< a number or "best"; lineage: "" = the whole forest; schedule: "" = the best
    bool all = false;    ///< any number of lines
    bool toml = false;   ///< schedule only
    int width = 0;       ///< columns; 0 = the terminal's
};
/// The front of a search with several metrics. Recomputes the decisions, as status does.
ExitCode front(const std::filesystem::path& file);
ExitCode lineage(const std::filesystem::path& file, const LineageOptions& options);
ExitCode schedule(const std::filesystem::path& file, const LineageOptions& options);
/// What a report says of a population. Reads the run file once.
struct PopulationTexts {
    std::string lineage;    ///< of the best member, with its schedule, as these two commands print them; or ""
    std::string selection;  ///< selection_noise_text()
};
PopulationTexts population_texts(const std::filesystem::path& file);
ExitCode stop(const std::filesystem::path& file, std::optional<std::uint64_t> member);
ExitCode change_budget(const std::filesystem::path& file, const LimitChanges& limits);
ExitCode selfcheck();

struct ConformOptions {
    std::vector<std::string> command;
    std::vector<std::string> overrides;        ///< of the job
    std::string job;                           ///< its command, space, metrics and limits; "" = from the rest
    std::vector<std::string> hyperparameters;  ///< "lr=0.1"
    std::vector<std::string> metrics;          ///< the first one ranks members
    Resource units = 2;
    std::uint32_t processes = 0;  ///< that train together; 0 = as the job says, or one
    std::uint32_t at_once = 0;    ///< trainings at the same time; 0 = as the job says, or one
    double timeout = 300;         ///< seconds of silence
};
ExitCode conform_program(const ConformOptions& options);

struct NewOptions {
    std::string folder;  ///< its last part is the project's name
    bool python = false;
    bool cpp = false;
    std::string from;   ///< another program's search, whose job the project gets; "" = none
    std::string study;  ///< name of the study in `from`; "" = its only one
};
ExitCode new_project(const NewOptions& options);

struct SimulateOptions {
    std::uint32_t workers = 25;
    std::string faults = "none";  ///< none, some or many
    std::uint64_t seed = 0;
    double seconds_per_unit = 10;
    double message_seconds = 0.005;
};
ExitCode simulate_job(const JobOptions& job, const SimulateOptions& options);

}  // namespace stemma
