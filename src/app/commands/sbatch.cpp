// stemma sbatch: a batch script for one job, with the sums that show whether the allocation has the right size.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <iterator>

#include "app/commands/commands.hpp"
#include "app/console/format.hpp"
#include "app/job/job.hpp"
#include "app/ranks/device_assignment.hpp"
#include "app/registry.hpp"
#include "core/error.hpp"
#include "core/printable.hpp"
#include "platform/launch.hpp"
#include "platform/slurm_job.hpp"

namespace stemma {

namespace {

namespace fs = std::filesystem;

/// The path of slurm/stemma.sbatch: beside the build folder of a source tree, or where `cmake --install` puts it.
fs::path batch_script() {
    const auto program = fs::read_symlink("/proc/self/exe");
    for (const auto* place : {"../slurm/stemma.sbatch", "../share/stemma/slurm/stemma.sbatch"}) {
        const auto path = program.parent_path() / place;
        if (fs::exists(path)) return fs::weakly_canonical(path);
    }
    throw UserError(
        fmt::format("{}: slurm/stemma.sbatch is neither in ../ nor in ../share/stemma/ of it; start the program from "
                    "where it was built "
                    "or installed",
                    program.string()));
}

/// hours:minutes:seconds
std::string slurm_time(double seconds) {
    const auto all = static_cast<long>(std::ceil(seconds));
    return fmt::format("{:02}:{:02}:{:02}", all / 3600, all / 60 % 60, all % 60);
}

/// Slurm ends a name at a blank, and interprets quotes.
std::string job_name(std::string_view given) {
    auto name = printable_line(given);
    const auto odd = [](char c) { return std::string_view(" '\"\\#?").find(c) != std::string_view::npos; };
    std::ranges::replace_if(name, odd, '-');
    return name;
}

std::string sums(const Job& job, const BatchOptions& options, std::uint32_t workers) {
    const auto plan = paid_for(expected_plan(job));
    const auto unit = job.trainer.unit_name();
    auto text = fmt::format("# {}\n", make_scheduler(job)->describe());
    text += fmt::format("# {} members{}, {} of training on {} workers: {} for each\n", plan.members,
                        plan.members_fixed ? "" : " (for example: the budget does not fix them)",
                        units_text(plan.resource, unit), workers, units_text(plan.resource / workers + 1, unit));
    if (plan.share < 1) text += fmt::format("# {} ends it there\n", plan.ended_by);
    if (!options.unit_seconds) {
        return text + fmt::format(
                          "# With --unit-seconds (of one {}, such as `stemma preview {} --time` shows): when it ends\n",
                          unit, printable_line(options.job.file));
    }
    const double total = static_cast<double>(plan.resource) * *options.unit_seconds / workers;
    const double stop = job.trainer.stop_units() * *options.unit_seconds;
    if (const double grace = default_grace(options.seconds, job.trainer.stop_units()); stop > grace) {
        text += fmt::format(
            "# A stop takes up to {:.0f} s, and the search ends {:.0f} s before the limit: add --grace {:.0f}s to "
            "the line with the job\n",
            stop, grace, std::ceil(1.5 * stop));
    }
    const double pieces =
        std::ceil(total / std::max(1.0, options.seconds - default_grace(options.seconds, job.trainer.stop_units())));
    text += fmt::format("# At {} s a{} {}: about {} in all, {}\n", *options.unit_seconds, unit == "epoch" ? "n" : "",
                        unit, clock_text(total),
                        pieces <= 1 ? std::string("within one allocation")
                                    : fmt::format("{:.0f} allocations of {}", pieces, clock_text(options.seconds)));
    return text;
}

/// Bash reads it as `text`. It holds no control sequences for a terminal that shows the script.
std::string shell_quoted(std::string_view text) {
    const bool plain = printable_line(text) == text;
    std::string out = plain ? "'" : "$'";
    while (!text.empty()) {
        const auto next = next_character(text);
        if (next.bytes == "'") {
            out += plain ? "'\\''" : "\\'";
        } else if (plain || (next.valid && is_text(next.code) && next.bytes != "\\")) {
            out += next.bytes;
        } else {
            for (const char byte : next.bytes) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
        }
    }
    return out + "'";
}

std::uint32_t workers_of_node(const Job& job, const BatchOptions& options) {
    if (options.workers_per_node > 0) return options.workers_per_node;
    if (options.gpus_per_node == 0) return 4;
    const int workers = workers_for(static_cast<int>(options.gpus_per_node), static_cast<int>(job.workers.per_gpu),
                                    gpus_per_worker(job));
    if (workers > 0) return static_cast<std::uint32_t>(workers);
    throw UserError(fmt::format("--gpus-per-node={}: trainer.gpus_per_worker = {} needs as many GPUs on each node",
                                options.gpus_per_node, gpus_per_worker(job)));
}

}  // namespace

ExitCode print_batch_script(const BatchOptions& options) {
    const auto job = load_job(options.job.file, options.job.overrides);
    if (options.seconds < 60) throw UserError("--time must be at least a minute: Slurm counts in minutes");
    const auto per_node = workers_of_node(job, options);
    const auto workers = per_node * options.nodes;
    auto text = fmt::format("#!/bin/bash\n{}", sums(job, options, workers));
    text += fmt::format("#SBATCH --job-name={}\n#SBATCH --nodes={}\n#SBATCH --ntasks-per-node={}\n",
                        job_name(job.run.name), options.nodes, per_node + 1);
    text += fmt::format("#SBATCH --cpus-per-task={}\n", options.cores);
    if (options.gpus_per_node > 0) text += fmt::format("#SBATCH --gpus-per-node={}\n", options.gpus_per_node);
    if (!options.partition.empty()) text += fmt::format("#SBATCH --partition={}\n", options.partition);
    if (!options.account.empty()) text += fmt::format("#SBATCH --account={}\n", options.account);
    text += fmt::format(
        "#SBATCH --time={}\n#SBATCH --signal=B:USR1@{}\n#SBATCH --requeue\n#SBATCH --open-mode=append\n"
        "#SBATCH --output=%x-%j.out\n",
        slurm_time(options.seconds), 120 * job.trainer.stop_units());
    text += fmt::format("export STEMMA={}\nexport STEMMA_WORKERS_PER_NODE={}\nset -- {}",
                        shell_quoted(fs::read_symlink("/proc/self/exe").string()), per_node,
                        shell_quoted(options.job.file));
    for (const auto& change : options.job.overrides) text += " --set " + shell_quoted(change);
    text += fmt::format("\nsource {}\n", shell_quoted(batch_script().string()));
    std::fputs(text.c_str(), stdout);
    return ExitCode::ok;
}

ExitCode print_batch_options() {
    const std::string text(std::istreambuf_iterator<char>(std::cin), {});
    const auto options = sbatch_options(text, read_environment());
    for (const auto& word : options.words) std::printf("%s\n", word.c_str());
    auto left_out = std::string(sbatch_options_not_shown);
    for (const auto& one : options.left_out) left_out += ", " + one;
    fmt::print(stderr, "the new job has the options that this one had; as the script's #SBATCH lines say: {}\n",
               left_out);
    return ExitCode::ok;
}

}  // namespace stemma
