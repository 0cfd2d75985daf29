#include "app/job/job.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "app/job/presets.hpp"
#include "app/job/readers.hpp"
#include "app/job/resolved.hpp"
#include "app/job/tables.hpp"
#include "platform/user_path.hpp"

namespace stemma {

namespace {

/// The section called `name`; a value that is no table is reported by the reader of the section.
template <class Settings>
void read(const Node& root, const std::string& name, const std::vector<Field<Settings>>& fields, Settings& settings,
          Diagnostics& diagnostics) {
    const Node* table = root.find(name);
    read_section(fields, table, name, table == nullptr ? Place{} : table->place, settings, diagnostics);
}

/// A name for something that the process was started with open.
bool is_pipe(std::string_view file) {
    return file.starts_with("/dev/fd/") || file.starts_with("/proc/self/fd/") || file == "/dev/stdin";
}

/// Without ~ and variables of the environment.
void expand(const Node& root, const std::string& key, std::string& path, Diagnostics& diagnostics) {
    try {
        path = expanded(path, read_environment());
    } catch (const UserError& error) {
        diagnostics.error(place_of(root, {"run", key}), "run." + key, std::string("cannot be used: ") + error.what());
    }
}

void place_file(const Node& root, Job& job, Diagnostics& diagnostics) {
    namespace fs = std::filesystem;
    expand(root, "output", job.run.output, diagnostics);
    expand(root, "folder", job.run.folder, diagnostics);
    const fs::path folder = !job.run.folder.empty() ? fs::path(job.run.folder)
                            : is_pipe(job.file)     ? fs::path()
                                                    : fs::path(job.file).parent_path();
    std::error_code error;
    const auto absolute = fs::absolute(folder, error).lexically_normal();
    job.run.folder = error ? folder.string() : absolute.string();
}

void read_run(const Node& root, Job& job, Diagnostics& diagnostics) {
    read(root, "run", run_fields(), job.run, diagnostics);
    const Node* run = root.find("run");
    const Node* budget = run == nullptr ? nullptr : run->find("budget");
    if (budget != nullptr && budget->is_table()) {
        read_section(budget_fields(), budget, "run.budget", budget->place, job.run.budget, diagnostics);
    }
    const auto given = [&](std::string_view key) { return run != nullptr && run->find(key) != nullptr; };
    if (!given("name")) {
        // The number of a pipe (/dev/fd/63, of `stemma run <(...)`) is no name for a search.
        const auto stem = is_pipe(job.file) ? std::string() : std::filesystem::path(job.file).stem().string();
        job.run.name = stem.empty() ? "job" : stem;
    }
    if (!given("output")) job.run.output = "runs/" + job.run.name + ".h5";
    if (diagnostics.recorded()) return;
    place_file(root, job, diagnostics);
}

/// A section whose `type` names the algorithm.
template <class Settings, class Descriptor>
void read_chosen(const Node& root, const std::string& name, const std::vector<Field<Settings>>& fields,
                 const std::vector<Descriptor>& all, Settings& chosen, Diagnostics& diagnostics) {
    choose(shape_of(name, fields.front().key, root.find(name), diagnostics), all, chosen);
    read(root, name, fields, chosen, diagnostics);
}

void read_scheduler(const Node& root, SchedulerSettings& scheduler, Diagnostics& diagnostics) {
    read_chosen(root, "scheduler", scheduler_fields(), schedulers(), scheduler, diagnostics);
    scheduler.type->complete(scheduler.settings);
    scheduler.max = scheduler.integer("max").value_or(0);
}

void read_sampler(const Node& root, Job& job, Diagnostics& diagnostics) {
    auto& sampler = job.sampler;
    const Node* section = root.find("sampler");
    read_chosen(root, "sampler", sampler_fields(), samplers(), sampler, diagnostics);
    const auto startup = job.scheduler.type->startup(job.scheduler.settings);
    const auto* own = find_field(sampler.type->fields, "startup");
    if (startup && own != nullptr && (section == nullptr || section->find("startup") == nullptr))
        own->store(sampler.settings, {std::int64_t{*startup}});
    if (job.space == nullptr) return;
    sampler.type->complete(sampler.settings, *job.space);
    job.sampler.first = read_first_points(root, *job.space, diagnostics);
    // A grid is exactly its points; it does not start with a point of its own.
    if (!job.sampler.type->finite()) add_default_point(root, *job.space, job.sampler.first, diagnostics);
}

[[noreturn]] void refuse_file(const std::string& file, const std::string& message) {
    throw JobErrors({JobError{file, {}, "", message}});
}

}  // namespace

Node settled_tree(std::string_view text, std::span<const std::string> overrides, Diagnostics& diagnostics) {
    Node root = parse_toml(text, diagnostics);
    diagnostics.throw_if_any();
    for (std::size_t i = 0; i < overrides.size(); ++i)
        apply_override(root, overrides[i], static_cast<int>(i), diagnostics);
    check_sections(root, diagnostics);
    rename_keys(root, diagnostics);
    read_space_words(root);
    apply_preset(root, diagnostics);
    apply_other_defaults(root);
    apply_schedule_values(root);
    return root;
}

Job parse_job(std::string_view text, const std::string& file, std::span<const std::string> overrides,
              JobSource source) {
    if (text.size() > job_bytes_max) refuse_file(file, "is larger than 4 MiB: not a job file?");
    Job job;
    job.file = file;
    job.text = std::string(text);
    job.overrides.assign(overrides.begin(), overrides.end());
    Diagnostics diagnostics(file, job.overrides, source);
    const Node root = settled_tree(text, overrides, diagnostics);
    ResolvedJob resolved;
    diagnostics.note_in(&resolved);
    read_run(root, job, diagnostics);
    read_metrics(root, job, diagnostics);
    read_scheduler(root, job.scheduler, diagnostics);
    job.space = read_space(root, diagnostics);
    read_sampler(root, job, diagnostics);
    read_schedule(root, job, diagnostics);
    read_trainer(root, job, diagnostics);
    read(root, "workers", worker_fields(), job.workers, diagnostics);
    check_whole(root, job, diagnostics);
    diagnostics.throw_if_any();
    fill_dependent_defaults(job, resolved);
    job.resolved = resolved.text(root);
    job.notes = diagnostics.notes();
    return job;
}

Job load_job(const std::string& file, std::span<const std::string> overrides) {
    std::error_code error;
    const auto status = std::filesystem::status(file, error);
    constexpr auto ranks_and_pipes = "; mpirun and srun do not hand pipes on to all ranks: give a file";
    if (!std::filesystem::exists(status))
        refuse_file(file, std::string("no such file") + (is_pipe(file) ? ranks_and_pipes : ""));
    if (std::filesystem::is_directory(status)) refuse_file(file, "is a folder; give a job file (*.toml)");
    std::ifstream in(file, std::ios::binary);
    std::string text;
    std::vector<char> block(std::size_t{1} << 16U);
    while (in.good() && text.size() <= job_bytes_max) {
        in.read(block.data(), static_cast<std::streamsize>(block.size()));
        text.append(block.data(), static_cast<std::size_t>(in.gcount()));
    }
    if (in.bad() || !in.eof()) {
        if (text.size() <= job_bytes_max) refuse_file(file, "cannot be read; check its permissions");
    }
    if (text.empty() && is_pipe(file)) refuse_file(file, std::string("is empty") + ranks_and_pipes);
    return parse_job(text, file, overrides);
}

}  // namespace stemma
