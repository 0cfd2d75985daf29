// Subcommands that look at run files, and checks.
#include "app/command_line/command_line.hpp"
#include "app/commands/python_commands.hpp"

namespace stemma {
namespace {

/// Their words go to Python unchanged, `--help` too.
void add_python_commands(CLI::App& app, CommandLine& line) {
    const auto add = [&](const std::string& name, const std::string& text) {
        auto* command = app.add_subcommand(name, text)->group(group::look);
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

void add_lineage_commands(CLI::App& app, CommandLine& line) {
    const auto add = [&](const std::string& name, const std::string& text, std::function<ExitCode()> action) {
        auto* command = add_command(app, line, group::look, name, text, std::move(action));
        add_file(command, line);
        auto* member = command->add_option("MEMBER", line.lineage.member, "A member's number, or best");
        command
            ->add_flag_callback(
                "--best", [&] { line.lineage.member = "best"; }, "The best member")
            ->excludes(member);
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

void add_tables(CLI::App& app, CommandLine& line) {
    add_file(add_command(app, line, group::look, "status", "Where a search stands, also while it runs",
                         [&] { return status(line.file); }),
             line);
    add_file(add_command(app, line, group::look, "front", "Results that no other beats in all metrics: with [[metric]]",
                         [&] { return front(line.file); }),
             line);
    auto* show_command =
        add_file(add_command(app, line, group::look, "show", "One member: configuration, history, learning curve",
                             [&] { return show(line.file, line.shown); }),
                 line);
    show_command->add_option("MEMBER", line.shown, "Its number, or best")->required();
    auto* export_command = add_file(
        add_command(app, line, group::look, "export", "The model of a member; tables as CSV or JSON; genealogies",
                    [&] { return export_run(line.file, line.exports); }),
        line);
    export_command->add_option("MEMBER", line.exports.member, "Whose model (default: best)");
    export_command->add_option("--csv", line.exports.csv, "Folder for CSV files");
    export_command->add_option("--json", line.exports.json, "JSON file, - for standard output");
    export_command->add_option("--newick", line.exports.newick, "Newick file of the genealogy, - for standard output");
    export_command->add_option("--graphml", line.exports.graphml,
                               "GraphML file of the genealogy, - for standard output");
    export_command->add_option(
        "--weights", line.exports.weights,
        "File for the model: what the program saved; of a built-in network a state_dict (.pt) or HDF5");
    export_command->add_option("--tensorboard", line.exports.tensorboard, "Folder for TensorBoard event files");
    export_command->add_option("--parquet", line.exports.parquet, "Folder for Parquet files");
    export_command->add_option("--optuna", line.exports.optuna, "Optuna storage, such as sqlite:///study.db");
    export_command->add_option("--mlflow", line.exports.mlflow, "MLflow tracking address, such as sqlite:///mlflow.db");
    export_command->add_flag("--follow", line.exports.follow,
                             "With --tensorboard or --mlflow: append what comes, until the search has ended");
}

}  // namespace

void add_look_commands(CLI::App& app, CommandLine& line) {
    add_tables(app, line);
    add_lineage_commands(app, line);
    add_python_commands(app, line);
}

void add_check_commands(CLI::App& app, CommandLine& line) {
    add_file(add_command(app, line, group::check, "verify", "Recompute every decision and compare it with the record",
                         [&] { return verify(line.file); }),
             line);
    add_command(app, line, group::check, "selfcheck",
                "Who is where, how fast messages are, and what looks wrong (under mpirun: all ranks)",
                [] { return selfcheck(); });
}

}  // namespace stemma
