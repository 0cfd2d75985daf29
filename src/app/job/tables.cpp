#include "app/job/tables.hpp"

namespace stemma {

namespace {

constexpr double count_max = 1e15;  // exact in a double, far beyond use
constexpr double small_count_max = 1e6;

Range at_least(double low, double high = std::numeric_limits<double>::infinity()) { return {low, high}; }
Range above(double low) { return {low, std::numeric_limits<double>::infinity(), true}; }

}  // namespace

std::vector<Field<RunSettings>> run_fields() {
    using S = RunSettings;
    return {
        {{.name = "name",
          .type = KeyType::text,
          .meaning = "Name of the search, for tables and file names.",
          .default_note = "the job file's name without .toml"},
         into(&S::name)},
        {{.name = "seed",
          .type = KeyType::integer,
          .default_text = "1",
          .meaning = "Key of every random number: same job, same seed, same proposals.",
          .range = at_least(0)},
         into(&S::seed)},
        {{.name = "output",
          .type = KeyType::text,
          .meaning = "Path of the run file. An existing file is never overwritten.",
          .default_note = "runs/NAME.h5"},
         into(&S::output)},
        {{.name = "budget", .type = KeyType::table, .meaning = "When the search ends: see [run.budget]."}, {}},
    };
}

std::vector<Field<Budget>> budget_fields() {
    using S = Budget;
    const auto sum = [](std::string name, std::string unit) {
        return Field<S>{
            {.name = std::move(name),
             .type = KeyType::integer,
             .meaning = "Training done by all members together, in " + unit + ". Training again what was lost counts.",
             .range = at_least(1, count_max)},
            into(&S::resource)};
    };
    return {
        {{.name = "members",
          .type = KeyType::integer,
          .meaning = "Members born: configurations tried, repeats counted.",
          .range = at_least(1, count_max)},
         into(&S::members)},
        {{.name = "reports",
          .type = KeyType::integer,
          .meaning = "Trainings that ended with a report.",
          .range = at_least(1, count_max)},
         into(&S::reports)},
        sum("epochs", "epochs (with [trainer] unit = \"epoch\")"),
        sum("steps", "optimiser steps (with [trainer] unit = \"step\")"),
        sum("resource", "the trainer's unit, whichever it is"),
        {{.name = "wall_time",
          .type = KeyType::duration,
          .meaning = "Running time of the search; pauses between a stop and a resume do not count.",
          .range = above(0)},
         into(&S::seconds)},
        {{.name = "target",
          .type = KeyType::number,
          .meaning = "Value of the metric: a report at least as good ends the search."},
         into(&S::target)},
    };
}

std::vector<Field<MetricSettings>> metric_fields() {
    using S = MetricSettings;
    return {
        {{.name = "name",
          .type = KeyType::text,
          .meaning = "The metric that ranks members; one that the trainer reports on validation data, such as "
                     "\"valid_loss\" or "
                     "\"valid_accuracy\". Test metrics are recorded but refused here.",
          .required = true},
         into(&S::name)},
        {{.name = "direction",
          .type = KeyType::choice,
          .meaning = "Which end of it is good.",
          .required = true,
          .allowed = {"minimise", "maximise"}},
         [](S& settings, const Checked& checked) { settings.maximise = checked.index == 1; }},
    };
}

std::vector<Field<ParameterText>> parameter_fields() {
    using S = ParameterText;
    const Range exact{-0x1p53, 0x1p53};  // integers that a double holds exactly
    const std::vector<std::string> searched{"real", "integer", "categorical", "ordinal", "boolean"};
    return {
        {{.name = "type",
          .type = KeyType::choice,
          .meaning = "The kind of values.",
          .required = true,
          .allowed = {"real", "integer", "categorical", "ordinal", "boolean", "constant"}},
         [](S& settings, const Checked& checked) { settings.type = checked.index; }},
        {{.name = "low", .type = KeyType::number, .meaning = "Smallest value.", .required = true, .only_for = {"real"}},
         into(&S::low)},
        {{.name = "high", .type = KeyType::number, .meaning = "Largest value.", .required = true, .only_for = {"real"}},
         into(&S::high)},
        {{.name = "low",
          .type = KeyType::integer,
          .meaning = "Smallest value.",
          .required = true,
          .range = exact,
          .only_for = {"integer"}},
         into(&S::integer_low)},
        {{.name = "high",
          .type = KeyType::integer,
          .meaning = "Largest value; it can occur.",
          .required = true,
          .range = exact,
          .only_for = {"integer"}},
         into(&S::integer_high)},
        {{.name = "scale",
          .type = KeyType::choice,
          .default_text = "linear",
          .meaning = "How draws are spread: \"log\" gives each factor of ten the same share (low > 0); \"logit\" also "
                     "spreads values near 1 (real only, 0 < low, high < 1).",
          .allowed = {"linear", "log", "logit"},
          .only_for = {"real", "integer"}},
         into(&S::scale)},
        {{.name = "step",
          .type = KeyType::number,
          .meaning = "Values are low, low + step, low + 2 step, ...",
          .range = above(0),
          .only_for = {"real"}},
         into(&S::step)},
        {{.name = "step",
          .type = KeyType::integer,
          .meaning = "Values are low, low + step, low + 2 step, ...",
          .range = at_least(1),
          .only_for = {"integer"}},
         into(&S::integer_step)},
        {{.name = "choices",
          .type = KeyType::literals,
          .meaning = "The values, without order.",
          .required = true,
          .only_for = {"categorical"}},
         into(&S::values)},
        {{.name = "levels",
          .type = KeyType::literals,
          .meaning = "The values in their order; neighbours are alike.",
          .required = true,
          .only_for = {"ordinal"}},
         into(&S::values)},
        {{.name = "value",
          .type = KeyType::literal,
          .meaning = "The value that every configuration has.",
          .required = true,
          .only_for = {"constant"}},
         into(&S::value)},
        {{.name = "default",
          .type = KeyType::literal,
          .meaning = "A value known to be good. If any parameter has one, the configuration of all defaults is tried "
                     "before any draw "
                     "(after [[sampler.first]]; not by a grid). Points of [[sampler.first]] take it where they do not "
                     "name the parameter.",
          .only_for = searched},
         into(&S::default_value)},
        {{.name = "role",
          .type = KeyType::choice,
          .default_text = "fixed",
          .meaning = "What may happen to it when a child inherits its parent's weights: \"fixed\" stays, \"mutable\" "
                     "may differ, "
                     "\"hypergradient\" moves during training (refused by trainers that cannot do it).",
          .allowed = {"fixed", "mutable", "hypergradient"},
          .only_for = searched},
         into(&S::role)},
        {{.name = "when",
          .type = KeyType::table,
          .meaning = "Active only if other parameters have one of these values, all of them: { optimiser = [\"sgd\"] "
                     "}. They must "
                     "stand before this one and be categorical, ordinal, boolean or constant."},
         into(&S::when)},
    };
}

std::vector<Field<SamplerSettings>> sampler_fields() {
    using S = SamplerSettings;
    return {
        {{.name = "type",
          .type = KeyType::choice,
          .default_text = "random",
          .meaning = "Where configurations come from.",
          .allowed = {"random", "grid", "sobol"},
          .default_note = "\"random\"; \"grid\" with [scheduler] type = \"grid\""},
         into(&S::type)},
        {{.name = "points",
          .type = KeyType::integer,
          .default_text = "5",
          .meaning = "Values tried of each real or integer parameter that has no step.",
          .range = at_least(1, small_count_max),
          .only_for = {"grid"}},
         into(&S::points)},
        {{.name = "first",
          .type = KeyType::tables,
          .meaning = "Points to try before any other, each a table [[sampler.first]] of parameter = value. A parameter "
                     "not named "
                     "takes its default, else the centre of its range."},
         {}},
    };
}

std::vector<Field<SchedulerSettings>> scheduler_fields() {
    using S = SchedulerSettings;
    const std::vector<std::string> rungs{"sha", "hyperband", "asha", "asha_stopping", "asha_hyperband"};
    const std::string unit = "the trainer's unit";
    return {
        {{.name = "type",
          .type = KeyType::choice,
          .default_text = "asha",
          .meaning = "Who trains next, and for how long.",
          .allowed = {"random", "grid", "sha", "hyperband", "asha", "asha_stopping", "asha_hyperband"}},
         into(&S::type)},
        {{.name = "max",
          .type = KeyType::integer,
          .meaning = "R: what a member is trained to at most, counted from scratch. It can be raised on resume.",
          .required = true,
          .range = at_least(1, count_max),
          .unit = unit},
         into(&S::max)},
        {{.name = "min",
          .type = KeyType::integer,
          .default_text = "1",
          .meaning = "r: training before the first comparison.",
          .range = at_least(1, count_max),
          .only_for = rungs,
          .unit = unit},
         into(&S::min)},
        {{.name = "eta",
          .type = KeyType::integer,
          .default_text = "3",
          .meaning = "Of a rung's members one in eta goes on; each rung trains eta times as long as the one below.",
          .range = at_least(2, 1000),
          .only_for = rungs},
         into(&S::eta)},
        {{.name = "early_stopping_rate",
          .type = KeyType::integer,
          .default_text = "0",
          .meaning = "s: the first rung is at min * eta^s. Larger means more patience with slow starters.",
          .range = at_least(0, 62),
          .only_for = {"sha", "asha", "asha_stopping"}},
         into(&S::early_stopping_rate)},
        {{.name = "brackets",
          .type = KeyType::integer,
          .default_text = "0",
          .meaning = "Number of brackets, from the most eager one (s = 0) on; 0 = as many as fit between min and max.",
          .range = at_least(0, 64),
          .only_for = {"hyperband", "asha_hyperband"}},
         into(&S::brackets)},
        {{.name = "members",
          .type = KeyType::integer,
          .meaning = "n: members in the first rung.",
          .required = true,
          .range = at_least(1, count_max),
          .only_for = {"sha"}},
         into(&S::members)},
        {{.name = "min_rung_population",
          .type = KeyType::integer,
          .default_text = "0",
          .meaning = "Until a rung has seen this many, nobody is stopped there.",
          .range = at_least(0, small_count_max),
          .only_for = {"asha_stopping"}},
         into(&S::min_rung_population)},
        {{.name = "repeats",
          .type = KeyType::integer,
          .default_text = "1",
          .meaning = "Members that train each configuration, with different seeds; their mean is ranked.",
          .range = at_least(1, 1000)},
         into(&S::repeats)},
        {{.name = "final",
          .type = KeyType::choice,
          .default_text = "any_rung",
          .meaning = "What counts as the result: the best report at any rung, or only of members trained to max.",
          .allowed = {"any_rung", "max"},
          .only_for = rungs},
         into(&S::final_result)},
    };
}

std::vector<Field<WorkerSettings>> worker_fields() {
    using S = WorkerSettings;
    return {
        {{.name = "threads",
          .type = KeyType::integer,
          .default_text = "0",
          .meaning = "CPU threads of one worker's training; 0 = its share of the host's cores.",
          .range = at_least(0, 4096)},
         into(&S::threads)},
        {{.name = "device",
          .type = KeyType::choice,
          .default_text = "auto",
          .meaning = "Where to train. \"auto\" takes a GPU if there is one; \"cuda\" refuses to start without.",
          .allowed = {"auto", "cpu", "cuda"}},
         into(&S::device)},
        {{.name = "snapshot_memory",
          .type = KeyType::bytes,
          .default_text = "2GiB",
          .meaning = "Host memory of each worker for the snapshots of members that may go on.",
          .range = at_least(0)},
         into(&S::snapshot_memory)},
        {{.name = "spill",
          .type = KeyType::boolean,
          .default_text = "true",
          .meaning = "Beyond snapshot_memory write snapshots to disk; without it the least promising are dropped and "
                     "trained again if needed."},
         into(&S::spill)},
        {{.name = "durable",
          .type = KeyType::choice,
          .default_text = "promotable",
          .meaning = "Which snapshots get a copy on disk that survives a kill of the whole job.",
          .allowed = {"none", "best", "promotable", "all"}},
         into(&S::durable)},
        {{.name = "lease_timeout",
          .type = KeyType::duration,
          .default_text = "0",
          .meaning = "A training that takes longer is given up and tried elsewhere; 0 = never.",
          .range = at_least(0)},
         into(&S::lease_timeout)},
        {{.name = "leases_ahead",
          .type = KeyType::integer,
          .default_text = "0",
          .meaning = "Trainings handed to a worker beside the one it does: hides the manager's answer time when "
                     "trainings take "
                     "milliseconds, at the price of earlier decisions.",
          .range = at_least(0, 64)},
         into(&S::leases_ahead)},
        {{.name = "heartbeat",
          .type = KeyType::duration,
          .default_text = "5s",
          .meaning = "Time between two signs of life of a worker.",
          .range = above(0)},
         into(&S::heartbeat)},
        {{.name = "lost_after",
          .type = KeyType::duration,
          .default_text = "60s",
          .meaning = "Silence after which a worker counts as lost; at least twice the heartbeat.",
          .range = above(0)},
         into(&S::lost_after)},
        {{.name = "retries",
          .type = KeyType::integer,
          .default_text = "1",
          .meaning =
              "Times that a training which failed with an error is tried again, on another worker if there is one.",
          .range = at_least(0, 1000)},
         into(&S::retries)},
        {{.name = "failures_in_a_row",
          .type = KeyType::integer,
          .default_text = "10",
          .meaning = "The same failure of this many different members stops the search; 0 = never.",
          .range = at_least(0, small_count_max)},
         into(&S::failures_in_a_row)},
    };
}

}  // namespace stemma
