// Subcommands that prepare a search: new, check, preview, conform, simulate, sbatch.
#include "app/command_line/command_line.hpp"

namespace stemma {
namespace {

void add_new(CLI::App& app, CommandLine& line) {
    auto* new_command =
        add_command(app, line, group::prepare, "new", "Write a small project with training code of your own",
                    [&] { return new_project(line.project); });
    new_command->add_option("NAME", line.project.folder, "Folder to make; its name is the project's")->required();
    new_command->add_flag("--python", line.project.python, "A training program in Python");
    new_command->add_flag("--cpp", line.project.cpp, "A task in C++");
    auto* from = new_command->add_option("--from", line.project.from,
                                         "A job from another program's search: a sweep of Weights & Biases "
                                         "(sweep.yaml), or a study of Optuna (study.db, sqlite:///study.db)");
    new_command->add_option("--study", line.project.study, "Name of the study, where a storage has several")
        ->needs(from);
}

void add_job_looks(CLI::App& app, CommandLine& line) {
    auto* check_command = add_command(
        app, line, group::prepare, "check", "Check a job file; --explain KEY prints what a key means",
        [&] { return line.job.file.empty() ? explain_key(line.explain) : check(line.job, !line.no_program); });
    check_command->add_option("JOB", line.job.file, "Job file (TOML)");
    add_overrides(*check_command, line);
    check_command->add_flag("--no-program", line.no_program,
                            "Do not start the program of trainer.type = \"process\": `run` does that, too");
    check_command
        ->add_option("--explain", line.explain,
                     "Reference of a section or key, such as scheduler.asha; alone: the sections")
        ->expected(0, 1);

    auto* preview_command = add_command(app, line, group::prepare, "preview",
                                        "What a job will do: rungs, work, memory, before anything runs",
                                        [&] { return preview(line.job, line.preview); });
    add_job(*preview_command, line);
    preview_command
        ->add_option("-n,--workers", line.preview.workers,
                     "Workers that will train (default: as many as stemma run starts here)")
        ->check(CLI::PositiveNumber);
    preview_command->add_flag("--time", line.preview.time, "Time one unit of training, to estimate hours");

    auto* simulate_command =
        add_command(app, line, group::prepare, "simulate",
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
    auto* command =
        add_command(app, line, group::prepare, "conform",
                    "Try a training program against the process protocol: stemma conform -- python3 train.py", [&] {
                        line.conform.overrides = line.job.overrides;
                        return conform_program(line.conform);
                    });
    command->add_option("COMMAND", line.conform.command, "The program and its arguments, after --");
    command->add_option("--job", line.conform.job, "Job file: its command, hyperparameters and metrics");
    add_overrides(*command, line);
    command
        ->add_option("--value", line.conform.hyperparameters,
                     "A hyperparameter to train with: --value lr=0.1 (repeatable)")
        ->allow_extra_args(false);
    command
        ->add_option("--metric", line.conform.metrics,
                     "A metric that it may report (repeatable; default: valid_loss); the first one is needed")
        ->allow_extra_args(false);
    command
        ->add_option("--ranks", line.conform.processes,
                     "Processes that train together (default: trainer.processes of the job)")
        ->check(CLI::Range(1, 1024));
    command
        ->add_option("--at-once", line.conform.at_once,
                     "Trainings that the program takes at the same time (default: trainer.at_once of the job)")
        ->check(CLI::Range(1, 64));
    command->add_option("--units", line.conform.units, "Units to train to (default 2)")->check(CLI::Range(2, 1000000));
    command
        ->add_option("--timeout", line.conform.timeout,
                     "Seconds of silence after which it counts as hung (default 300)")
        ->check(CLI::PositiveNumber);
}

void add_batch_command(CLI::App& app, CommandLine& line) {
    auto* command =
        add_command(app, line, group::prepare, "sbatch", "Print a ready batch script for Slurm, with the sums", [&] {
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
        app, line, group::hidden, "sbatch-options",
        "For batch scripts: `scontrol show job` on standard input to the options of sbatch for another such job",
        [] { return print_batch_options(); });
}

}  // namespace

void add_prepare_commands(CLI::App& app, CommandLine& line) {
    add_new(app, line);
    add_job_looks(app, line);
    add_conform(app, line);
    add_batch_command(app, line);
}

}  // namespace stemma
