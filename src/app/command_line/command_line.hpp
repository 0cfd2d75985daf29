#pragma once
// The command line. Each subcommand fills its options and calls its function of commands/commands.hpp.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/commands/commands.hpp"

namespace stemma {

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
    std::optional<std::uint64_t> member;  ///< of stop
    std::string shown;                    ///< of show: a number, or "best"
    std::function<ExitCode()> action;
};

/// Headings of `stemma --help`, in the order of their first command.
namespace group {
inline constexpr const char* prepare = "Prepare a search";
inline constexpr const char* run = "Run it";
inline constexpr const char* look = "Look at it";
inline constexpr const char* check = "Check";
inline constexpr const char* hidden = "";  ///< for scripts, in no list
}  // namespace group

// These add the subcommands of a group. Options of the first two are shared (options.cpp).
void add_prepare_commands(CLI::App& app, CommandLine& line);
void add_run_commands(CLI::App& app, CommandLine& line);
void add_look_commands(CLI::App& app, CommandLine& line);
void add_check_commands(CLI::App& app, CommandLine& line);

CLI::App* add_command(CLI::App& app, CommandLine& line, const char* heading, const std::string& name,
                      const std::string& text, std::function<ExitCode()> action);
/// Returns `command`.
CLI::App* add_file(CLI::App* command, CommandLine& line);
void add_job(CLI::App& command, CommandLine& line);
void add_overrides(CLI::App& command, CommandLine& line);
void add_launch(CLI::App& command, CommandLine& line);
void add_limits(CLI::App& command, CommandLine& line);

/// A finite number above `low`, or from `low` on if `or_equal`. CLI11's own checks let NaN pass.
CLI::Validator finite_above(double low, bool or_equal);

}  // namespace stemma
