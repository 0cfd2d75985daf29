// Subcommands that run a search: run, resume, stop, budget, ask, tell.
#include "app/command_line/command_line.hpp"

namespace stemma {
namespace {

void add_run(CLI::App& app, CommandLine& line) {
    auto* run_command = add_command(app, line, group::run, "run",
                                    "Run a search (under mpirun or srun, or with workers in this process)",
                                    [&] { return run(line.job, line.run, line.launch); });
    add_job(*run_command, line);
    add_launch(*run_command, line);
    run_command->add_option("-o,--output", line.run.output, "Run file to write (default: the job's run.output)");
    run_command->add_flag("--continue", line.run.continue_run,
                          "Go on if the run file exists and is of this job, else start");
}

void add_changes(CLI::App& app, CommandLine& line) {
    auto* resume_command = add_file(
        add_command(app, line, group::run, "resume", "Go on with a search, also after a kill; limits may be raised",
                    [&] { return resume(line.file, parse_limits(line.limits), line.launch, line.trust); }),
        line);
    add_launch(*resume_command, line);
    resume_command->add_flag("--trust", line.trust,
                             "Load and start what the job in the file names although the file is another user's");
    add_limits(*resume_command, line);
    auto* stop_command =
        add_file(add_command(app, line, group::run, "stop", "End a running search (resumable), or one member of it",
                             [&] { return stop(line.file, line.member); }),
                 line);
    stop_command->add_option("--member", line.member, "Only this member");
    auto* budget_command =
        add_file(add_command(app, line, group::run, "budget", "Change the limits of a running search",
                             [&] { return change_budget(line.file, parse_limits(line.limits)); }),
                 line);
    add_limits(*budget_command, line);
}

void add_ask_commands(CLI::App& app, CommandLine& line) {
    auto* ask_command = add_command(
        app, line, group::run, "ask",
        "Something to train, as a line of JSON, for a search that others train (trainer.type = \"ask\")", [&] {
            line.ask.limits = parse_limits(line.limits);
            return ask(line.file, line.job, line.ask);
        });
    ask_command->footer(
        "Exit code 5: the search has ended; 6: nothing can be trained before a lease that is out is told.\n"
        "In a shell: while lease=$(stemma ask RUN.h5 --job JOB.toml); do ...; stemma tell RUN.h5 LEASE valid_loss=0.3; "
        "done");
    add_file(ask_command, line);
    ask_command->add_option("--job", line.job.file, "Job file to begin with, where there is no run file yet");
    add_overrides(*ask_command, line);
    ask_command->add_flag("--wait", line.ask.wait, "Wait until something can be trained, or the search has ended");
    add_limits(*ask_command, line);

    auto* tell_command = add_command(app, line, group::run, "tell", "What came of a lease that was asked for",
                                     [&] { return tell(line.file, line.lease, line.tell); });
    add_file(tell_command, line);
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

}  // namespace

void add_run_commands(CLI::App& app, CommandLine& line) {
    add_run(app, line);
    add_changes(app, line);
    add_ask_commands(app, line);
}

}  // namespace stemma
