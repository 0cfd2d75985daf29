#include "app/job/tables.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "app/job/presets.hpp"
#include "options/make_key.hpp"

namespace stemma {

using namespace make_key;

namespace {

constexpr double count_max = 1e15;  // exact in a double, far beyond use
constexpr double small_count_max = 1e6;
const Range count{1, count_max};

}  // namespace

std::vector<Field<RunSettings>> run_fields() {
    using S = RunSettings;
    return {
        {default_is("the job file's name without .toml",
                    text("name", "Name of the search, for tables and file names.")),
         into(&S::name)},
        {integer(
             "seed", "1", at_least(0),
             "Key of every random number. The same job with the same seed makes the same proposals if these depend "
             "on draws only (random, sobol, grid). The order of the [space.*] tables is part of the job. Proposals "
             "that depend on reports (tpe, gp, pbt, gpbt) are the same if the reports come in the same order. One "
             "worker guarantees this order, several workers do not. For gp see also sampler.wait_for_model. With "
             "sampler.type = \"auto\" the choice of the sampler depends on measured times. Name a sampler for "
             "proposals that are the same each time. A training in several processes (trainer.processes) draws other "
             "numbers if their number changes: the run file has the number of each report. With trainer.at_once the "
             "numbers of a training may depend on those beside it."),
         into(&S::seed)},
        {default_is("runs/NAME.h5",
                    text("output",
                         "Path of the run file, relative to the current folder. ~, $NAME and ${NAME} are replaced. An "
                         "existing file is never overwritten.")),
         into(&S::output)},
        {before(".", default_is("the job file's folder",
                                text("folder",
                                     "Folder that relative paths in [trainer] start from: path, library, module, and "
                                     "words of command that name a file there."))),
         into(&S::folder)},
        {other(KeyType::table, "budget", "When the search ends: see [run.budget]."), {}},
    };
}

std::vector<Field<Budget>> budget_fields() {
    using S = Budget;
    const auto sum = [](std::string name, const std::string& unit) -> Field<S> {
        return {integer(std::move(name), "", count,
                        "Training done by all members together, in " + unit +
                            ". Training that is repeated after a loss counts. The last training is cut to what is "
                            "left. Its report is a result, but does not count in its rung or generation. With a larger "
                            "budget on resume, that training goes on."),
                into(&S::resource)};
    };
    return {
        {integer("members", "", count, "Configurations tried. The repeats of a configuration are not counted."),
         into(&S::members)},
        {integer("reports", "", count, "Trainings that ended with a report."), into(&S::reports)},
        sum("epochs", "epochs (with [trainer] unit = \"epoch\")"),
        sum("steps", "optimizer steps (with [trainer] unit = \"step\")"),
        sum("resource", "the trainer's unit, whichever it is"),
        {duration("wall_time", "", above(0),
                  "Running time of the search; pauses between a stop and a resume, or while it was suspended, do not "
                  "count."),
         into(&S::seconds)},
        {number("target", "", any, "Value of the metric: a report at least as good ends the search."),
         into(&S::target)},
    };
}

std::vector<Field<MetricSettings>> metric_fields() {
    using S = MetricSettings;
    return {
        {required(text("name",
                       "The metric that ranks members; one that the trainer reports on validation data, such as "
                       "\"valid_loss\" or "
                       "\"valid_accuracy\". Test metrics are recorded but refused here.")),
         into(&S::name)},
        {required(choice("direction", "", {"minimize", "maximize"}, "Whether small or large values are good.")),
         [](S& settings, const Checked& checked) { settings.maximize = checked.index == 1; }},
        {default_is("what the trainer says (torch: the best constant prediction); else none",
                    number("baseline", "", any,
                           "What a model reaches that has not learned, such as 0.1 for the accuracy in ten equal "
                           "classes. Samplers count a member that is no better as the worst. gpbt takes it as a parent "
                           "only if no other has learned.")),
         into(&S::baseline)},
    };
}

namespace {

std::vector<Field<ParameterText>> numeric_fields() {
    using S = ParameterText;
    const Words real{"real"}, whole{"integer"};
    const Range exact{-0x1p53, 0x1p53};  // integers that a double holds exactly
    const std::string steps = "Values are low, low + step, low + 2 step and so on";
    return {
        {only(real, required(number("low", "", any, "Smallest value."))), into(&S::low)},
        {only(real, required(number("high", "", any, "Largest value."))), into(&S::high)},
        {only(whole, required(integer("low", "", exact, "Smallest value."))), into(&S::integer_low)},
        {only(whole, required(integer("high", "", exact, "Largest value; it can occur."))), into(&S::integer_high)},
        {only({"real", "integer"},
              choice("scale", "linear", {"linear", "log", "logit"},
                     "How values are drawn. \"log\": each factor of ten has the same probability (low > 0). \"logit\": "
                     "also spreads values near 1 (real only, 0 < low, high < 1).")),
         into(&S::scale)},
        {only(real, number("step", "", above(0), steps + ".")), into(&S::step)},
        {only(whole, integer("step", "", at_least(1), steps + ".")), into(&S::integer_step)},
    };
}

std::vector<Field<ParameterText>> other_parameter_fields() {
    using S = ParameterText;
    const Words searched{"real", "integer", "categorical", "ordinal", "boolean"};
    return {
        {only({"categorical"}, required(other(KeyType::literals, "choices", "The values, without order."))),
         into(&S::values)},
        {only({"ordinal"},
              required(other(KeyType::literals, "levels", "The values in their order; neighbors are alike."))),
         into(&S::values)},
        {only({"constant"}, required(other(KeyType::literal, "value", "The value that every configuration has."))),
         into(&S::value)},
        {only(searched, other(KeyType::literal, "default",
                              "A value known to be good. If any parameter has one, the configuration of all defaults "
                              "is tried before any draw, after [[sampler.first]]. A grid does not try it. Points of "
                              "[[sampler.first]] take the default of parameters that they do not name.")),
         into(&S::default_value)},
        {only(searched,
              default_is(
                  "\"mutable\" for what the trainer can change in mid-training, else \"fixed\"",
                  choice("role", "", {"fixed", "mutable", "hypergradient", "mutable_hypergradient"},
                         "What happens to it when a child inherits its parent's weights. \"fixed\": the child keeps "
                         "the parent's value. \"mutable\": the child may have another value. \"hypergradient\": "
                         "training itself moves it (see [trainer.hypergradient]; for torch, and for C++ tasks with "
                         "Stemma's loop). A child continues with the moved value. \"mutable_hypergradient\": training "
                         "moves it, and a child may also have another start value. The moved value is then shifted by "
                         "the same amount, on the scale that it moves on. For lr and weight decay that is the factor; "
                         "for momentum and betas the change of log(m / (1 - m))."))),
         [](S& settings, const Checked& checked) { settings.role = checked.index; }},
        {other(KeyType::table, "when",
               "Condition: the parameter is active only if each named parameter has one of the listed values: { "
               "optimizer = [\"sgd\"] }. The named parameters must stand before this one and be categorical, ordinal, "
               "boolean or constant."),
         {}},
    };
}

}  // namespace

std::vector<Field<ParameterText>> parameter_fields() {
    std::vector<Field<ParameterText>> type{
        {required(choice("type", "", {"real", "integer", "categorical", "ordinal", "boolean", "constant"},
                         "The kind of values.")),
         [](ParameterText& settings, const Checked& checked) { settings.type = checked.index; }}};
    return concatenated(concatenated(std::move(type), numeric_fields()), other_parameter_fields());
}

namespace {

/// Names of the algorithms of which `holds` is true.
template <class Descriptor, class Holds>
Words names_where(const std::vector<Descriptor>& all, const Holds& holds) {
    Words names;
    for (const auto& one : all) {
        if (holds(one)) names.push_back(one.name);
    }
    return names;
}

struct TextOfDefault {
    std::string operator()(const std::string& text) const { return in_quotes(text); }
    std::string operator()(const std::vector<Literal>& values) const {
        std::vector<std::string> texts;
        for (const auto& value : values) texts.push_back(std::visit(*this, value));
        return fmt::format("[{}]", fmt::join(texts, ", "));
    }
    std::string operator()(const auto& value) const { return to_string(Literal(value)); }
};

/// Names at each key the schedulers that have another default for it.
void note_other_defaults(const std::string& section, std::vector<Field<SamplerSettings>>& fields) {
    for (const auto& scheduler : schedulers()) {
        for (const auto& other : other_defaults_of(scheduler)) {
            const auto named = [&](const auto& field) { return field.key.name == other.key; };
            const auto found = std::ranges::find_if(fields, named);
            if (other.section != section || found == fields.end()) continue;
            auto& key = found->key;
            if (key.default_note.empty()) key.default_note = default_shown(key);
            key.default_note += "; with scheduler.type = " + in_quotes(scheduler.name) + ": " +
                                std::visit(TextOfDefault(), other.value);
        }
    }
}

/// A key of one algorithm: where others of the section have the same one, that is of them all.
template <class Settings>
void add_key(std::vector<Field<Settings>>& fields, const std::string& algorithm, const Key& key) {
    const auto same = [&](const auto& field) { return same_but_for_types(field.key, key); };
    auto found = std::ranges::find_if(fields, same);
    if (found == fields.end()) {
        const auto store = [name = key.name](Settings& settings, const Checked& checked) {
            const auto* own = find_field(settings.type->fields, name);
            if (own->store) own->store(settings.settings, checked);
        };
        found = fields.insert(fields.end(), {key, store});
    }
    found->key.only_for.push_back(algorithm);
}

/// The key `type`, and the keys of all algorithms. The type itself is looked up before (choose() of job.cpp).
template <class Settings, class Descriptor>
std::vector<Field<Settings>> algorithm_fields(const std::vector<Descriptor>& all, std::string meaning) {
    std::vector<Field<Settings>> fields{{choice(
        "type", Settings{}.type->name, names_where(all, [](const auto&) { return true; }), std::move(meaning))}};
    for (const auto& one : all) {
        if constexpr (requires { one.formerly; }) {
            if (!one.formerly.empty()) fields.front().key.former_values.emplace_back(one.formerly, one.name);
        }
        for (const auto& field : one.fields) add_key(fields, one.name, field.key);
    }
    return fields;
}

}  // namespace

std::vector<Field<SamplerSettings>> sampler_fields() {
    using S = SamplerSettings;
    auto fields = algorithm_fields<S>(
        samplers(),
        "Where configurations come from. \"auto\" takes a Gaussian process up to 20 hyperparameters and 300 "
        "configurations, else multivariate TPE. After the first three reports it measures a proposal. Where that takes "
        "more than 5 % of a training, it takes the cheaper model, or random draws. Until then draws are random. stemma "
        "preview, the log and stemma status say what it takes and why. The event sampler_chosen of the run file is its "
        "choice, which a resumed run keeps.");
    fields.front().key.before = "random";
    const auto fitting = names_where(samplers(), [](const auto& one) { return one.traits.fits_models; });
    const auto endless = names_where(samplers(), [](const auto& one) { return !one.finite(); });
    std::vector<Field<S>> common{
        {only(fitting,
              flag("wait_for_model", "false",
                   "Give out no training while a model is being fitted. By default fits of more than 30 trials run "
                   "beside the search. A proposal that comes before its model then rests on the last model, or is a "
                   "random draw where there is no model. Both are events model_late in the run file. The proposals of "
                   "one seed thus depend on how long fits take. With true they do not, and workers wait for fits. Only "
                   "the proposal that wants the first of all models is still a random draw.")),
         into(&S::wait_for_model)},
        {only(endless,
              before("true",
                     flag("allow_duplicates", "false",
                          "Whether a configuration from scratch may be proposed again. By default a configuration that "
                          "was trained, failed, or is in training is not. Only active parameters are compared. This "
                          "matters where no active parameter has a continuous range. A search that has tried every "
                          "configuration ends (a population goes on, with other weights). With a noisy metric true "
                          "lets a model train a good configuration once more, with another seed. See also "
                          "scheduler.repeats."))),
         into(&S::allow_duplicates)},
        {other(KeyType::table_list, "first",
               "Points to try before any other, each a table [[sampler.first]] of parameter = value. A parameter not "
               "named takes its default, else the center of its range. A grid does not try them again.")},
        {default_is(
             "\"perturb\" with scheduler.type = \"pbt\", unless type is \"tpe\" or \"gp\"; else \"propose\"",
             choice("births", {"perturb", "propose"},
                    "\"perturb\": a child gets the donor's hyperparameters, perturbed (PBT's explore). \"propose\": "
                    "the sampler proposes them as for members from scratch, conditioned on the lineage where it can.")),
         into(&S::births)},
    };
    fields = concatenated(concatenated(std::move(fields), std::move(common)), part_of(&S::explore, explore_fields()));
    note_other_defaults("sampler", fields);
    return fields;
}

namespace {

/// Its meaning lists the presets. Their values are already in the other keys (presets.hpp).
Key preset_key() {
    Words names, types;
    std::string meaning = "Settings under one name, each of which the job may still set itself.";
    for (const auto& preset : presets()) {
        names.push_back(preset.name);
        if (std::ranges::find(types, preset.scheduler) == types.end()) types.push_back(preset.scheduler);
        meaning += " " + in_quotes(preset.name) + ", for " + preset.scheduler + ": " + preset.source + " (";
        for (const auto& value : preset.values) {
            if (&value != &preset.values.front()) meaning += ", ";
            meaning += value.section + "." + value.key + " = " + std::visit(TextOfDefault(), value.value);
        }
        meaning += ").";
    }
    return only(types, choice("preset", "", names, meaning));
}

}  // namespace

std::vector<Field<SchedulerSettings>> scheduler_fields() {
    using S = SchedulerSettings;
    auto fields = algorithm_fields<S>(schedulers(), "Which member trains next, and for how long.");
    const auto repeatable = names_where(schedulers(), [](const auto& one) { return !one.traits.lineages; });
    const auto early = names_where(schedulers(), [](const auto& one) { return one.traits.early_results; });
    std::vector<Field<S>> common{
        {only(repeatable, integer("repeats", "1", {1, 1000},
                                  "Members that train each configuration, with different seeds. The mean of their "
                                  "metric decides on rungs, on the target and on the best configuration. The best "
                                  "member is that configuration's member with the best report. A configuration has "
                                  "diverged if one seed diverges, and is given up if one seed fails.")),
         into(&S::repeats)},
        {only(early, choice("final", "any_rung", {"any_rung", "max"},
                            "What counts as the result: the best report at any rung, or only of members trained to "
                            "max.")),
         into(&S::final_result)},
        {preset_key()},
    };
    return concatenated(std::move(fields), std::move(common));
}

std::vector<Field<TrainerSettings>> trainer_fields() {
    using S = TrainerSettings;
    auto fields = algorithm_fields<S>(trainers(), "What trains a member.");
    fields.insert(
        fields.begin() + 1,
        setting(&S::unit, choice("unit", {"epoch", "step"},
                                 "What resources are counted in: passes over the training data, or optimizer steps.")));
    return fields;
}

std::vector<Hyperparameter> hyperparameters() {
    std::vector<Hyperparameter> all;
    for (const auto& trainer : trainers()) {
        for (auto one : trainer.hyperparameters) {
            one.key.only_for = {trainer.name};
            all.push_back(std::move(one));
        }
    }
    return all;
}

Field<WorkerSettings> trainings_ahead() {
    using S = WorkerSettings;
    auto key = before("0", formerly("leases_ahead",
                                    integer_or({"auto"}, "trainings_ahead", {0, leases_ahead_max},
                                               "Trainings handed to a worker in addition to its current training. They "
                                               "hide the manager's answer time, at the price of earlier decisions. "
                                               "\"auto\": as many as take the time of 8 answers, by measured times. "
                                               "Longer trainings than 40 ms are "
                                               "never handed out early. Nor are those of a single worker, or of a "
                                               "program that is started for each training.")));
    key.default_text = "auto";
    return {std::move(key), [](S& settings, const Checked& checked) {
                const auto* number = std::get_if<std::int64_t>(&checked.value);
                settings.trainings_ahead = number != nullptr ? static_cast<std::uint32_t>(*number) : leases_ahead_auto;
            }};
}

std::vector<Field<WorkerSettings>> worker_fields() {
    using S = WorkerSettings;
    return {
        {integer("threads", "0", {0, 4096}, "CPU threads of one worker's training; 0 = its share of the host's cores."),
         into(&S::threads)},
        {choice("device", "auto", {"auto", "cpu", "gpu", "cuda", "xpu"},
                "Where to train. \"auto\" takes a GPU of NVIDIA or AMD if there is one, or another accelerator that "
                "LibTorch can use: Intel's, or one whose maker's library is preloaded. \"gpu\", \"cuda\" and \"xpu\" "
                "refuse to start without: any of these, NVIDIA's or AMD's (which LibTorch calls cuda, too), Intel's."),
         into(&S::device)},
        {integer("per_gpu", "1", {1, 64}, "Workers that share one GPU. More workers are refused."), into(&S::per_gpu)},
        {bytes("snapshot_memory", "2GiB", at_least(0),
               "Host memory of each worker for the snapshots of members that may go on. The workers of a host get at "
               "most half of what the host and its control groups allow."),
         into(&S::snapshot_memory)},
        {flag("spill", "true",
              "Beyond snapshot_memory write snapshots to disk; without it the least promising are dropped and trained "
              "again if needed."),
         into(&S::spill)},
        {choice("durable", "promotable", {"none", "best", "promotable", "all"},
                "Which snapshots get a copy on disk that survives a kill of the whole job."),
         into(&S::durable)},
        {choice("replicated", "none", {"none", "best", "promotable", "all"},
                "Which snapshots a second worker also keeps in memory, on another host if there is one. They survive "
                "the loss of a worker, but not a kill of the whole job. Needs two workers. The copies count against "
                "snapshot_memory; stemma preview shows the cost."),
         into(&S::replicated)},
        {formerly("lease_timeout",
                  duration("training_timeout", "0", at_least(0),
                           "A training that takes longer is given up and tried elsewhere; 0 = never.")),
         into(&S::training_timeout)},
        {formerly("lease_patience",
                  number("training_patience", "20", at_least(0),
                         "Detects a worker that hangs. A training is given up after this many times the time of the "
                         "slowest training so far, unit for unit, and at least 5 minutes. 0 = never.")),
         into(&S::training_patience)},
        trainings_ahead(),
        {duration("heartbeat", "5s", above(0), "Time between two signs of life of a worker."), into(&S::heartbeat)},
        {duration("lost_after", "60s", above(0),
                  "Silence after which a worker counts as lost; at least twice the heartbeat. So long, and a second "
                  "for each "
                  "12.5 MB, a worker also waits for a snapshot from another worker."),
         into(&S::lost_after)},
        {duration("start_timeout", "5m", above(0),
                  "Time limit for the start: for ranks of mpirun or srun to find each other, and for a worker to "
                  "report. If some ranks do not start in time, all end with exit code 71, and the batch script starts "
                  "them again. A worker that does not report in time counts as lost."),
         into(&S::start_timeout)},
        {integer("retries", "1", {0, 1000},
                 "Times that a training which failed with an error is tried again, on another worker if there is one."),
         into(&S::retries)},
        {integer("failures_in_a_row", "10", {0, small_count_max},
                 "The same failure of this many different members stops the search; 0 = never."),
         into(&S::failures_in_a_row)},
    };
}

}  // namespace stemma
