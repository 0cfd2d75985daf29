// Parses the command line. Errors become exit codes only here.
#include "app/command_line/command_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <system_error>

#include "app/console/print.hpp"
#include "app/console/standard_streams.hpp"
#include "app/registry.hpp"
#include "core/error.hpp"
#include "core/suggest.hpp"
#include "options/quantities.hpp"
#include "platform/launch.hpp"
#include "platform/real_path.hpp"
#include "trainer/process/script_runner.hpp"
#include "trainer/task/stemma.hpp"

namespace {

using namespace stemma;

double duration_of(const std::string& option, const std::string& text) {
    if (const auto seconds = parse_duration(text)) return *seconds;
    throw UserError(option + " must be a duration such as 90s, 15m or 1d12h; got \"" + text + "\"");
}

/// Also in Slurm's notation.
double slurm_duration(const std::string& text) {
    if (const auto seconds = parse_slurm_time(text)) return *seconds;
    return duration_of("--time", text);
}

constexpr const char* headline =
    "Stemma searches hyperparameters of neural networks: ASHA, Hyperband, PBT, GPBT, Bayesian optimization and "
    "hypergradients, in one process, under mpirun or under srun.";

constexpr const char* examples =
    "Examples:\n"
    "  stemma new demo --python             a small project that runs at once\n"
    "  stemma check job.toml                find every mistake before anything runs\n"
    "  stemma run job.toml                  a worker for each GPU of this machine, or for each core\n"
    "  mpirun -n 9 stemma run job.toml      one manager, eight workers\n"
    "  stemma sbatch job.toml --nodes 4     a batch script for Slurm\n"
    "  stemma export RUN.h5 --weights W     the best model\n\n"
    "`stemma COMMAND --help` has the options of a command, `stemma check --explain KEY` the meaning of a job's key.";

/// A first word that is no subcommand. CLI11 would only say that a subcommand is required.
void require_command(const CLI::App& app, int argc, char** argv) {
    if (argc < 2 || argv[1][0] == '-') return;
    std::vector<std::string> names;
    for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
        names.push_back(command->get_name());
    if (std::ranges::find(names, argv[1]) != names.end()) return;
    const std::string word = argv[1];
    throw UserError(
        word + " is no command" + did_you_mean(word, names) +
        (word.ends_with(".toml") ? "; for a job file: stemma run " + word : "; stemma --help lists the commands"));
}

/// What CLI11 says, and a remedy where a word of --set stands alone.
int refused(const CLI::App& app, const CLI::ParseError& error) {
    const int code = app.exit(error);
    const auto* extra = dynamic_cast<const CLI::ExtrasError*>(&error);
    if (extra != nullptr && std::string_view(error.what()).find('=') != std::string_view::npos)
        print_error("--set takes one PATH=VALUE: repeat it for each");
    return code == 0 ? 0 : static_cast<int>(ExitCode::user_error);
}

int run_main(int argc, char** argv) {
    if (argc > 3 && argv[1] == std::string_view(script_runner_command)) return run_scripts({argv + 3, argv + argc});
    CLI::App app(headline, "stemma");
    app.footer(examples);
    app.set_version_flag("--version",
                         [] { return "stemma " STEMMA_VERSION " (" STEMMA_GIT_HASH "), " + torch_text(); });
    app.require_subcommand(1);
    CommandLine line;
    add_prepare_commands(app, line);
    add_run_commands(app, line);
    add_look_commands(app, line);
    add_check_commands(app, line);
    require_command(app, argc, argv);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return refused(app, error);
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
