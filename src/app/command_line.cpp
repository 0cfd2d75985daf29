// The command line. Each subcommand fills its options and calls its function. Errors become exit codes only here.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <functional>
#include <system_error>

#include "app/commands/commands.hpp"
#include "app/commands/python_commands.hpp"
#include "app/console/print.hpp"
#include "app/console/standard_streams.hpp"
#include "app/registry.hpp"
#include "core/error.hpp"
#include "options/quantities.hpp"
#include "platform/launch.hpp"
#include "platform/real_path.hpp"
#include "trainer/process/script_runner.hpp"
#include "trainer/task/stemma.hpp"

namespace {

using namespace stemma;

/// Threads of one process. A search with more workers has several processes.
constexpr int workers_max = 4096;

struct CommandLine {
    JobOptions job;
    LaunchOptions launch;
    RunOptions run;
    PreviewOptions preview;
    SimulateOptions simulate;
    BatchOptions batch;
    std::string batch_time = "1h";
    ExportOptions exports;
    LineageOptions lineage;
    ConformOptions conform;
    NewOptions project;
    AskOptions ask;
    TellOptions tell;
    std::uint64_t lease = 0;
    std::string file;
    std::string explain;
    bool no_program = false;
    bool trust = false;
    std::vector<LimitText> limits;
    std::string grace;
    std::optional<std::uint64_t> member;
    std::function<ExitCode()> action;
};

void add_job(CLI::App& command, CommandLine& line) {
    command.add_option("JOB", line.job.file, "Job file (TOML)")->required();
    command.add_option("--set", line.job.overrides, "Override a key of the job: --set scheduler.eta=4 (repeatable)")
        ->allow_extra_args(false)
        ->type_name("PATH=VALUE");
}

void add_launch(CLI::App& command, CommandLine& line) {
    command
        .add_option("-n,--workers", line.launch.workers,
                    "Workers inside this process, when no mpirun or srun started several ranks (default: one a GPU, "
                    "without GPUs one a core)")
        ->check(CLI::Range(1, workers_max));
    command.add_flag("-q,--quiet", line.launch.quiet, "No status line; only things of note");
    command.add_option(
        "--node-local", line.launch.node_local,
        "Folder of rank 0's node in which to write the live run file, publishing copies (default: $TMPDIR if "
        "the run file lies on NFS or another network file system; none: never)");
    command.add_option("--grace", line.grace,
                       "End in order this long before the batch allocation does: 90s, 5m (default: a tenth of what is "
                       "left, 10s to 2m)");
}

void add_limits(CLI::App& command, CommandLine& line) {
    const auto add = [&](const std::string& option, const std::string& help) {
        command.add_option_function<std::string>(
            option,
            [&line, option](const std::string& text) {
                line.limits.push_back({option, text});
            },
            help);
    };
    add("--members", "At most this many configurations in all");
    add("--reports", "At most this many finished leases in all");
    add("--epochs", "At most this much training in all (with unit = \"epoch\")");
    add("--steps", "At most this much training in all (with unit = \"step\")");
    add("--resource", "At most this much training in all, in the job's unit, whichever it is");
    add("--wall-time", "At most this much time in all: 90s, 15m, 2h");
    add("--target", "End when the metric is at least as good as this");
    add("--max", "Raise the largest resource of a member (R)");
}

/// A finite number above `low`, or from `low` on if `or_equal`. CLI11's own checks let NaN pass.
CLI::Validator finite_above(double low, bool or_equal) {
    const auto range = fmt::format("{} {}", or_equal ? ">=" : ">", low);
    const auto mistake = [=](const std::string& text) -> std::string {
        double value = 0;
        const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
        const bool whole = read.ec == std::errc{} && read.ptr == text.data() + text.size();
        if (whole && std::isfinite(value) && (or_equal ? value >= low : value > low)) return "";
        return fmt::format("must be a number {}; got \"{}\"", range, text);
    };
    return {mistake, "NUMBER " + range};
}

CLI::App* add_command(CLI::App& app, CommandLine& line, const std::string& name, const std::string& text,
                      std::function<ExitCode()> action) {
    auto* command = app.add_subcommand(name, text);
    command->callback([&line, action = std::move(action)] { line.action = action; });
    return command;
}

void add_job_commands(CLI::App& app, CommandLine& line) {
    auto* check_command = add_command(
        app, line, "check", "Check a job file; --explain KEY prints what a key means",
        [&] { return line.job.file.empty() ? explain_key(line.explain) : check(line.job, !line.no_program); });
    check_command->add_option("JOB", line.job.file, "Job file (TOML)");
    check_command->add_option("--set", line.job.overrides, "Override a key of the job")
        ->allow_extra_args(false)
        ->type_name("PATH=VALUE");
    check_command->add_flag("--no-program", line.no_program,
                            "Do not start the program of trainer.type = \"process\": `run` does that, too");
    check_command->add_option("--explain", line.explain, "Reference of a section or key, such as scheduler.asha");

    auto* preview_command =
        add_command(app, line, "preview", "What a job will do: rungs, work, memory, before anything runs",
                    [&] { return preview(line.job, line.preview); });
    add_job(*preview_command, line);
    preview_command->add_option("-n,--workers", line.preview.workers, "Workers that will train")
        ->check(CLI::PositiveNumber);
    preview_command->add_flag("--time", line.preview.time, "Time one unit of training, to estimate hours");

    auto* run_command =
        add_command(app, line, "run", "Run a search (under mpirun or srun, or with workers in this process)",
                    [&] { return run(line.job, line.run, line.launch); });
    add_job(*run_command, line);
    add_launch(*run_command, line);
    run_command->add_option("-o,--output", line.run.output, "Run file to write (default: the job's run.output)");
    run_command->add_flag("--continue", line.run.continue_run,
                          "Go on if the run file exists and is of this job, else start");

    auto* simulate_command =
        add_command(app, line, "simulate",
                    "Run the job's scheduler and space over analytic learning curves. They know a member's own "
                    "configuration only, not its lineage's: of populations they tell time and traffic, not quality",
                    [&] { return simulate_job(line.job, line.simulate); });
    add_job(*simulate_command, line);
    simulate_command->add_option("-n,--workers", line.simulate.workers, "Simulated workers (default 25)")
        ->check(CLI::PositiveNumber);
    simulate_command->add_option("--faults", line.simulate.faults, "none, some or many (default none)");
    simulate_command->add_option("--seed", line.simulate.seed, "Seed of durations and faults");
    simulate_command
        ->add_option("--unit-seconds", line.simulate.seconds_per_unit,
                     "Mean seconds of one unit of training (default 10)")
        ->check(finite_above(0, false));
    simulate_command
        ->add_option("--message-seconds", line.simulate.message_seconds,
                     "Seconds of a message, one way (default 0.005)")
        ->check(finite_above(0, true));
}

void add_conform(CLI::App& app, CommandLine& line) {
    auto* command = add_command(
        app, line, "conform", "Try a training program against the process protocol: stemma conform -- python3 train.py",
        [&] { return conform_program(line.conform); });
    command->add_option("COMMAND", line.conform.command, "The program and its arguments, after --");
    command->add_option("--job", line.conform.job, "Job file: its command, hyperparameters and metrics");
    command
        ->add_option("--value", line.conform.hyperparameters,
                     "A hyperparameter to train with: --value lr=0.1 (repeatable)")
        ->allow_extra_args(false);
    command
        ->add_option("--metric", line.conform.metrics,
                     "A metric that it may report (repeatable; default: valid_loss); the first one is needed")
        ->allow_extra_args(false);
    command->add_option("--units", line.conform.units, "Units to train to (default 2)")->check(CLI::Range(2, 1000000));
    command
        ->add_option("--timeout", line.conform.timeout,
                     "Seconds of silence after which it counts as hung (default 300)")
        ->check(CLI::PositiveNumber);
}

void add_batch_command(CLI::App& app, CommandLine& line) {
    auto* command = add_command(app, line, "sbatch", "Print a ready batch script for Slurm, with the sums", [&] {
        line.batch.job = line.job;
        return print_batch_script(line.batch);
    });
    add_job(*command, line);
    command->add_option("--nodes", line.batch.nodes, "Nodes (default 1)")->check(CLI::PositiveNumber);
    command->add_option("--gpus-per-node", line.batch.gpus_per_node, "GPUs of each node (default 0)");
    command->add_option("--workers-per-node", line.batch.workers_per_node,
                        "Workers of each node (default: as many as GPUs; without GPUs 4)");
    command->add_option("--cpus-per-task", line.batch.cores, "Cores of each worker (default 1)")
        ->check(CLI::PositiveNumber);
    command->add_option("--time", line.batch_time,
                        "Of one allocation: 90m, 12h, 2d or 12:00:00 (default 1h); the search goes on in the next");
    command->add_option("--partition", line.batch.partition, "Partition");
    command->add_option("--account", line.batch.account, "Account");
    command->add_option("--unit-seconds", line.batch.unit_seconds, "Seconds of one unit of training, for the sums")
        ->check(CLI::PositiveNumber);
    add_command(
        app, line, "sbatch-options",
        "For batch scripts: `scontrol show job` on standard input to the options of sbatch for another such job",
        [] { return print_batch_options(); });
}

void add_ask_commands(CLI::App& app, CommandLine& line) {
    auto* ask_command = add_command(
        app, line, "ask",
        "Something to train, as a line of JSON, for a search that others train (trainer.type = \"ask\")", [&] {
            line.ask.limits = parse_limits(line.limits);
            return ask(line.file, line.job, line.ask);
        });
    ask_command->footer(
        "Exit code 5: the search has ended; 6: nothing can be trained before a lease that is out is told.\n"
        "In a shell: while lease=$(stemma ask RUN.h5 --job JOB.toml); do ...; stemma tell RUN.h5 LEASE valid_loss=0.3; "
        "done");
    ask_command->add_option("RUN.h5", line.file, "Run file")->required();
    ask_command->add_option("--job", line.job.file, "Job file to begin with, where there is no run file yet");
    ask_command->add_option("--set", line.job.overrides, "Override a key of that job (repeatable)")
        ->allow_extra_args(false)
        ->type_name("PATH=VALUE");
    ask_command->add_flag("--wait", line.ask.wait, "Wait until something can be trained, or the search has ended");
    add_limits(*ask_command, line);

    auto* tell_command = add_command(app, line, "tell", "What came of a lease that was asked for",
                                     [&] { return tell(line.file, line.lease, line.tell); });
    tell_command->add_option("RUN.h5", line.file, "Run file")->required();
    tell_command->add_option("LEASE", line.lease, "Number of the lease")->required();
    tell_command->add_option("METRICS", line.tell.metrics, "Its metrics at the end of the lease, each as NAME=VALUE");
    tell_command->add_option("--at", line.tell.at, "Trained only so far (default: all that was asked for)");
    tell_command->add_option("--seconds", line.tell.seconds, "Of training (default: since it was asked for)")
        ->check(finite_above(0, true));
    tell_command
        ->add_option("--failed", line.tell.failure,
                     "It failed, and why; lost: it will not be trained, give it out again")
        ->check(CLI::IsMember(
            {"nonfinite", "out_of_memory", "infeasible", "device", "exception", "snapshot_unavailable", "lost"}));
    tell_command->add_option("--message", line.tell.message, "What is known of the failure");
}

void add_lineage_commands(CLI::App& app, CommandLine& line) {
    const auto add = [&](const std::string& name, const std::string& text, std::function<ExitCode()> action) {
        auto* command = add_command(app, line, name, text, std::move(action));
        command->add_option("RUN.h5", line.file, "Run file")->required();
        auto* member = command->add_option("MEMBER", line.lineage.member, "A member's number");
        command->add_flag("--best", line.lineage.best, "The best member")->excludes(member);
        command->add_flag("--all", line.lineage.all, "However many lines it takes");
        command->add_option("--width", line.lineage.width, "Columns (default: the terminal's)")
            ->check(CLI::PositiveNumber);
        return command;
    };
    add("lineage", "The tree of descent: the whole forest, or the way to a member with its siblings",
        [&] { return lineage(line.file, line.lineage); });
    auto* schedule_command =
        add("schedule", "Hyperparameters along the lineage of a member (default: of the best, up to its best report)",
            [&] { return schedule(line.file, line.lineage); });
    schedule_command->add_flag("--toml", line.lineage.toml, "As TOML, for [scheduler] type = \"schedule\"");
}

void add_record_commands(CLI::App& app, CommandLine& line) {
    const auto with_file = [&](CLI::App* command) {
        command->add_option("RUN.h5", line.file, "Run file")->required();
        return command;
    };
    auto* resume_command =
        with_file(add_command(app, line, "resume", "Go on with a search, also after a kill; limits may be raised",
                              [&] { return resume(line.file, parse_limits(line.limits), line.launch, line.trust); }));
    add_launch(*resume_command, line);
    resume_command->add_flag("--trust", line.trust,
                             "Load and start what the job in the file names although the file is another user's");
    add_limits(*resume_command, line);
    with_file(add_command(app, line, "verify", "Recompute every decision and compare it with the record",
                          [&] { return verify(line.file); }));
    with_file(add_command(app, line, "status", "Where a search stands, also while it runs",
                          [&] { return status(line.file); }));
    auto* show_command = with_file(add_command(app, line, "show", "One member: configuration, history, learning curve",
                                               [&] { return show(line.file, *line.member); }));
    show_command->add_option("MEMBER", line.member, "Its number")->required();
    auto* export_command =
        with_file(add_command(app, line, "export", "Tables as CSV or JSON, genealogies, weights as HDF5", [&] {
            line.exports.member = line.member;
            return export_run(line.file, line.exports);
        }));
    export_command->add_option("MEMBER", line.member, "Whose weights (default: the best member's)");
    export_command->add_option("--csv", line.exports.csv, "Folder for CSV files");
    export_command->add_option("--json", line.exports.json, "JSON file, - for standard output");
    export_command->add_option("--newick", line.exports.newick, "Newick file of the genealogy, - for standard output");
    export_command->add_option("--graphml", line.exports.graphml,
                               "GraphML file of the genealogy, - for standard output");
    export_command->add_option("--weights", line.exports.weights, "HDF5 file for the weights");
    export_command->add_option("--tensorboard", line.exports.tensorboard, "Folder for TensorBoard event files");
    export_command->add_option("--parquet", line.exports.parquet, "Folder for Parquet files");
    export_command->add_option("--optuna", line.exports.optuna, "Optuna storage, such as sqlite:///study.db");
    export_command->add_option("--mlflow", line.exports.mlflow, "MLflow tracking address, such as sqlite:///mlflow.db");
    add_ask_commands(app, line);
    add_lineage_commands(app, line);
    add_conform(app, line);
    auto* new_command = add_command(app, line, "new", "Write a small project with training code of your own",
                                    [&] { return new_project(line.project); });
    new_command->add_option("NAME", line.project.folder, "Folder to make; its name is the project's")->required();
    new_command->add_flag("--python", line.project.python, "A training program in Python");
    new_command->add_flag("--cpp", line.project.cpp, "A task in C++");
    auto* stop_command =
        with_file(add_command(app, line, "stop", "End a running search (resumable), or one member of it",
                              [&] { return stop(line.file, line.member); }));
    stop_command->add_option("--member", line.member, "Only this member");
    auto* budget_command = with_file(add_command(app, line, "budget", "Change the limits of a running search",
                                                 [&] { return change_budget(line.file, parse_limits(line.limits)); }));
    add_limits(*budget_command, line);
    add_command(app, line, "selfcheck",
                "Who is where, how fast messages are, and what looks wrong (under mpirun: all ranks)",
                [] { return selfcheck(); });
}

double duration_of(const std::string& option, const std::string& text) {
    if (const auto seconds = parse_duration(text)) return *seconds;
    throw UserError(option + " must be a duration such as 90s, 15m or 1d12h; got \"" + text + "\"");
}

/// Also in Slurm's notation: [days-]hours:minutes:seconds.
double slurm_duration(const std::string& text) {
    int days = 0;
    int hours = 0;
    int minutes = 0;
    int seconds = 0;
    int end = 0;
    const auto whole = [&] { return end == static_cast<int>(text.size()); };
    if (std::sscanf(text.c_str(), "%d-%d:%d:%d%n", &days, &hours, &minutes, &seconds, &end) == 4 && whole())
        return ((days * 24.0 + hours) * 60 + minutes) * 60 + seconds;
    if (std::sscanf(text.c_str(), "%d:%d:%d%n", &hours, &minutes, &seconds, &end) == 3 && whole())
        return (hours * 60.0 + minutes) * 60 + seconds;
    return duration_of("--time", text);
}

/// Their words go to Python unchanged, `--help` too.
void add_python_commands(CLI::App& app, CommandLine& line) {
    const auto add = [&](const std::string& name, const std::string& text) {
        auto* command = app.add_subcommand(name, text);
        command->set_help_flag();
        command->prefix_command();
        command->callback([&line, command, name] {
            line.action = [words = command->remaining(), name]() mutable -> ExitCode {
                words.insert(words.begin(), name);
                become_python(words);
            };
        });
    };
    add("report", "A page of a run, or of several, in one HTML file; --follow serves it while the search runs");
    add("watch", "A running search in the terminal: best, rungs, utilization, time left, last events");
}

int run_main(int argc, char** argv) {
    if (argc > 3 && argv[1] == std::string_view(script_runner_command)) return run_scripts({argv + 3, argv + argc});
    CLI::App app(
        "Stemma: hyperparameter optimization with ASHA over MPI. Start with: stemma check JOB.toml, stemma preview "
        "JOB.toml, "
        "then stemma run JOB.toml");
    app.set_version_flag("--version",
                         [] { return "stemma " STEMMA_VERSION " (" STEMMA_GIT_HASH "), " + torch_text(); });
    app.require_subcommand(1);
    CommandLine line;
    add_job_commands(app, line);
    add_record_commands(app, line);
    add_batch_command(app, line);
    add_python_commands(app, line);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const int code = app.exit(error);
        return code == 0 ? 0 : static_cast<int>(ExitCode::user_error);
    }
    static_cast<void>(launch_of(read_environment()));  // no command works with launcher variables that are nonsense
    line.file = real_path(line.file).string();
    line.batch.seconds = slurm_duration(line.batch_time);
    if (!line.grace.empty()) line.launch.grace = duration_of("--grace", line.grace);
    return static_cast<int>(line.action());
}

int guarded_main(int argc, char** argv) {
    try {
        return run_main(argc, argv);
    } catch (const ForeignLauncher& error) {
        if (error.rank == 0) print_error(fmt::format("stemma: {}", error.what()));
        return static_cast<int>(ExitCode::user_error);
    } catch (const UserError& error) {
        print_error(fmt::format("stemma: {}", error.what()));
        return static_cast<int>(ExitCode::user_error);
    } catch (const std::system_error& error) {
        // fmt::print throws where stdio only remembers. A fault of standard output is reported once, at the end.
        if (std::ferror(stdout) != 0) return static_cast<int>(ExitCode::ok);
        print_error(fmt::format("stemma: internal error: {}", error.what()));
        return static_cast<int>(ExitCode::internal_error);
    } catch (const std::exception& error) {
        print_error(fmt::format("stemma: internal error: {}", error.what()));
        return static_cast<int>(ExitCode::internal_error);
    }
}

}  // namespace

int stemma::main(int argc, char** argv, std::vector<Task> tasks) {
    open_standard_descriptors();
    set_own_tasks(std::move(tasks));
    int code = guarded_main(argc, argv);
    if (const auto why = finish_standard_output()) {
        print_error(fmt::format("stemma: standard output: not all could be written ({})", *why));
        if (code == static_cast<int>(ExitCode::ok)) code = static_cast<int>(ExitCode::user_error);
    }
    const auto environment = read_environment();
    Launch launch;  // the launch of one process if the launcher's variables are nonsense; guarded_main() reports that
    try {
        launch = launch_of(environment);
    } catch (const UserError&) {
    }
    return exit_code_for_launcher(code, launch, environment);
}
