// Options that several subcommands have.
#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "app/command_line/command_line.hpp"

namespace stemma {
namespace {

/// Threads of one process. A search with more workers has several processes.
constexpr int workers_max = 4096;

}  // namespace

CLI::App* add_command(CLI::App& app, CommandLine& line, const char* heading, const std::string& name,
                      const std::string& text, std::function<ExitCode()> action) {
    auto* command = app.add_subcommand(name, text)->group(heading);
    command->callback([&line, action = std::move(action)] { line.action = action; });
    return command;
}

CLI::App* add_file(CLI::App* command, CommandLine& line) {
    command->add_option("RUN.h5", line.file, "Run file")->required();
    return command;
}

void add_job(CLI::App& command, CommandLine& line) {
    command.add_option("JOB", line.job.file, "Job file (TOML)")->required();
    add_overrides(command, line);
}

void add_overrides(CLI::App& command, CommandLine& line) {
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

}  // namespace stemma
