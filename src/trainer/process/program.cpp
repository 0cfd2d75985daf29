#include "trainer/process/program.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "options/make_key.hpp"
#include "options/words.hpp"
#include "platform/python_package.hpp"
#include "platform/user_path.hpp"
#include "trainer/process/command_template.hpp"
#include "trainer/process/script_runner.hpp"

namespace stemma {
namespace {

using namespace make_key;
using S = ProgramSettings;
using R = ReportedSettings;
using P = ProcessSettings;

bool has(const std::vector<std::string>& list, const std::string& name) {
    return std::ranges::find(list, name) != list.end();
}

std::vector<Field<R>> reported_fields() {
    return {
        setting(&R::metrics, default_is("the metrics of [metric]", list_of(KeyType::text, "metrics", {},
                                                                           "Names of all metrics that are reported."))),
        setting(&R::held_out, default_is("those whose names begin with \"test_\"",
                                         list_of(KeyType::text, "held_out", {},
                                                 "Names of metrics that are recorded but no decision may see."))),
    };
}

void complete_reported(R& settings, const std::vector<std::string>& metrics) {
    if (settings.metrics.empty()) settings.metrics = metrics;
}

/// A contradiction where a text of the list is empty.
void refuse_empty(const std::string& key, const std::vector<std::string>& list, std::vector<Contradiction>& out) {
    if (has(list, "")) out.push_back({key, "must be a list of texts that are not empty"});
}

std::vector<Contradiction> check_reported(const R& settings, const std::string& metric) {
    std::vector<Contradiction> out;
    refuse_empty("metrics", settings.metrics, out);
    refuse_empty("held_out", settings.held_out, out);
    if (metric.empty()) return out;  // [metric] has errors of its own
    if (has(settings.held_out, metric))
        out.push_back({"held_out", "must not have " + in_quotes(metric) + ", by which [metric] ranks members"});
    if (!has(settings.metrics, metric))
        out.push_back({"metrics", "must have " + in_quotes(metric) + ", by which [metric] ranks members" +
                                      suggestion(metric, settings.metrics)});
    return out;
}

std::vector<Field<P>> program_fields() {
    return {
        setting(&P::command,
                required(list_of(KeyType::text, "command", {},
                                 "The program that trains, with its arguments: [\"python3\", \"train.py\"]. Each "
                                 "worker starts it once and keeps it (docs/process-protocol.md). With placeholders, "
                                 "as in \"--lr={lr}\", it is an unchanged script, which is started for each training "
                                 "(docs/bring-your-model.md). A word that names a file in run.folder means that file. "
                                 "~, $NAME and ${NAME} are replaced, but not in words that have blanks."))),
        setting(&P::scratch, default_is("/dev/shm; where that is full, the folder for temporary files, or /tmp",
                                        text("scratch",
                                             "Folder on each node through which snapshots are handed over; it needs "
                                             "room for two of each worker."))),
        setting(&P::start_timeout, duration("start_timeout", "5m", above(0),
                                            "Time that the program may take from its start to its hello.")),
        setting(&P::silence_timeout,
                duration("silence_timeout", at_least(0),
                         "Time without progress or report after which it counts as hung and is killed; 0 = none. Give "
                         "a few times what a unit of training takes.")),
        setting(
            &P::stop_timeout,
            duration("stop_timeout", "5m", above(0),
                     "Time that it may take to end a lease when asked to; after that it is killed. Twice as long for "
                     "several processes, or several members in one: they agree on the last unit.")),
        setting(&P::memory, bytes("memory", {0, 0x1p50},
                                  "Memory limit of the program with all processes that it started; shared pages count "
                                  "once. A training that needs more fails as out of memory. A program that has grown "
                                  "beyond half of the limit is replaced between trainings. 0 = no limit.")),
        setting(&P::processes,
                integer("processes", {0, 1024},
                        "Processes in which a worker starts the program, to train one member together. They find RANK, "
                        "LOCAL_RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT in their environment, as from torchrun, "
                        "share the worker's threads, and all see all of its GPUs. Process 0 reports "
                        "(docs/several-processes.md). 0 = one program, without these variables.")),
        setting(&P::at_once,
                integer("at_once", {1, 64},
                        "Trainings of one worker that its program takes at the same time, for programs that stack "
                        "members in one process: stemma.trials(at_once=n) in Python. Each is reported, stopped and "
                        "failed by itself. The program must name the same number (docs/one-gpu-many-members.md).")),
        setting(&P::restart,
                choice("restart", {"when needed", "each training"},
                       "When a worker starts its program anew: after the program has ended or failed, or for each "
                       "training. A start for each training suits scripts that keep state in globals, Hydra and "
                       "notebooks, and costs the start-up each time.")),
    };
}

std::vector<Field<S>> fields() {
    std::vector<Field<S>> own{
        setting(&S::gpus_per_worker,
                integer("gpus_per_worker", {1, 64},
                        "GPUs that a worker's program sees, where there are any. Above 1 it needs `processes`."))};
    return concatenated(concatenated(part_of(&S::program, program_fields()), std::move(own)),
                        part_of(&S::reported, reported_fields()));
}

bool starts_anew(const S& settings) {
    return settings.program.restart == P::Restart::each_training ||
           !CommandTemplate(settings.program.command).names().empty();
}

std::vector<Contradiction> check(const S& settings, const std::string& metric) {
    auto out = check_reported(settings.reported, metric);
    refuse_empty("command", settings.program.command, out);
    if (!settings.program.command.empty() &&
        std::filesystem::path(settings.program.command.front()).filename() == "srun") {
        out.push_back(
            {"command",
             "must not begin with \"srun\": the step would wait for resources that Stemma's worker has; leave "
             "it out, and give the number of processes by trainer.processes"});
    }
    if (settings.gpus_per_worker > 1 && settings.program.processes == 0) {
        out.push_back(
            {"gpus_per_worker",
             fmt::format("= {0} needs trainer.processes: processes = {0} starts one process for each GPU (DDP, "
                         "FSDP), processes = 1 one program that uses all {0} GPUs itself",
                         settings.gpus_per_worker)});
    }
    if (settings.program.at_once > 1 && settings.program.processes > 1) {
        out.push_back(
            {"at_once", fmt::format("= {} does not go with trainer.processes = {}: processes train one "
                                    "member together, and a program that takes several members is one process",
                                    settings.program.at_once, settings.program.processes)});
    }
    if (settings.program.at_once > 1 && starts_anew(settings)) {
        out.push_back(
            {"at_once",
             fmt::format("= {} needs a program that is kept for all its trainings: {}", settings.program.at_once,
                         settings.program.restart == P::Restart::each_training
                             ? "leave out trainer.restart = \"each training\""
                             : "a command with placeholders starts a script for each training; a script that "
                               "stacks members asks for them by stemma.trials(at_once=n)")});
    }
    return out;
}

void check_here(const S& settings, const TrainerContext& context, const TrainerPlace& place) {
    if (place.program) return place.program->check(context.changed_by_children);
    check_process(process_settings(settings, context, place), context.changed_by_children, *child_starter());
}

/// Placeholders against the parameters of the job.
std::vector<Contradiction> check_space(const S& settings, const SearchSpace& space) {
    std::vector<Contradiction> out;
    const CommandTemplate command(settings.program.command);
    if (command.names().empty()) return out;
    const auto& own = placeholders_of_trainings();
    auto known = own;
    std::vector<std::string> empty{"start"};
    for (const auto& parameter : space.parameters()) {
        if (has(own, parameter.name) && command.has(parameter.name)) {
            out.push_back({"command", "has {" + parameter.name +
                                          "}, which is a parameter of [space] and a value of each training; "
                                          "give the parameter another name"});
        }
        if (!parameter.when.empty()) empty.push_back(parameter.name);
        known.push_back(parameter.name);
    }
    for (const auto& name : command.names()) {
        if (!has(known, name)) {
            out.push_back(
                {"command", "has {" + name + "}, which is no parameter of [space]" + suggestion(name, known) +
                                fmt::format("; there are {}; a plain brace is {{{{", fmt::join(known, ", "))});
        }
    }
    for (const auto& word : settings.program.command) {
        const auto blank = word.find_first_of(" \t");
        const auto brace = word.find('{');
        if (!word.starts_with('-') || blank == std::string::npos || brace == std::string::npos || blank > brace)
            continue;
        out.push_back({"command", "has an option and its value in one word, " + in_quotes(word) +
                                      ", with a blank; write " +
                                      in_quotes(word.substr(0, blank) + "=" + word.substr(brace))});
    }
    if (command.has("save") && !command.has("start"))
        out.push_back(
            {"command", "has {save} without {start}: the program would leave snapshots and never go on from one"});
    if (const auto option = command.left_alone(empty); !option.empty()) {
        out.push_back({"command", "would have " + in_quotes(option) +
                                      " without a value where the word after it is empty; write both as one word: " +
                                      in_quotes(option + "={...}")});
    }
    return out;
}

/// Parameters that no placeholder passes on.
std::vector<std::string> remarks(const S& settings, const SearchSpace& space) {
    std::vector<std::string> out;
    const CommandTemplate command(settings.program.command);
    if (command.names().empty()) return out;
    for (const auto& parameter : space.parameters()) {
        if (command.has(parameter.name)) continue;
        out.push_back("space." + parameter.name + ": trainer.command has no {" + parameter.name +
                      "}, so that the program does not learn its value");
    }
    return out;
}

std::string foreign_code(const S& settings) {
    std::string words = "starts";
    for (const auto& word : settings.program.command) words += " " + word;
    return words;
}

}  // namespace

std::vector<MetricInfo> reported_metrics(const ReportedSettings& settings) {
    std::vector<MetricInfo> out;
    const auto add = [&](const std::string& name) {
        out.push_back({name, settings.held_out.empty() ? name.starts_with("test_") : has(settings.held_out, name)});
    };
    for (const auto& name : settings.metrics) add(name);
    for (const auto& name : settings.held_out) {
        if (!has(settings.metrics, name)) add(name);
    }
    return out;
}

ProcessSettings process_settings(const S& settings, const TrainerContext& context, const TrainerPlace& place) {
    auto program = settings.program;
    for (auto& word : program.command) word = placed_word(word, context.folder);
    program.runner = runner_of(program.command);
    program.metrics = reported_metrics(settings.reported);
    program.needed_metrics = context.more_metrics;
    program.needed_metrics.insert(program.needed_metrics.begin(), context.metric);
    program.unit = context.unit;
    program.run_seed = context.run_seed;
    program.place = {place.threads, place.gpus, place.gpu_variable, place.mps_percentage};
    program.environment = environment_of_programs();
    program.log = place.program_log;
    program.say = place.say;
    return program;
}

std::vector<std::string> runner_of(const std::vector<std::string>& command) {
    return CommandTemplate(command).names().empty() ? std::vector<std::string>() : script_runner();
}

std::shared_ptr<ChildStarter> child_starter() {
    static const auto starter = std::make_shared<ChildStarter>();
    return starter;
}

Environment environment_of_programs() {
    auto environment = read_environment();
    const auto package = python_package_folder();
    if (package.empty()) return environment;
    auto& path = environment["PYTHONPATH"];
    path += (path.empty() ? "" : ":") + package.string();
    return environment;
}

TrainerDescriptor process_descriptor() {
    return {
        .name = "process",
        .summary = "a program of your own, in any language, that a worker starts once and keeps",
        .traits = {.program = true},
        .defaults = S(),
        .fields = erased(fields()),
        .complete = [](S& settings,
                       const std::vector<std::string>& metrics) { complete_reported(settings.reported, metrics); },
        .check = check,
        .check_space = check_space,
        .remarks = remarks,
        .metrics = [](const S& settings, const TrainerContext&) { return reported_metrics(settings.reported); },
        .check_here = check_here,
        .make =
            [](const S& settings, const TrainerContext& context, const TrainerPlace& place) {
                return make_process_trainer(process_settings(settings, context, place), child_starter(), place.program);
            },
        .foreign_code = foreign_code,
        .starts_anew = starts_anew,
        .at_once = [](const S& settings) { return settings.program.at_once; },
    };
}

TrainerDescriptor ask_descriptor() {
    return {
        .name = "ask",
        .summary = "something else, job by job: `stemma ask` gives out leases, and `stemma tell` takes their results",
        .traits = {.asked = true},
        .defaults = ReportedSettings(),
        .fields = erased(reported_fields()),
        .complete = complete_reported,
        .check = check_reported,
        .metrics = [](const ReportedSettings& settings, const TrainerContext&) { return reported_metrics(settings); },
    };
}

}  // namespace stemma
