#pragma once
// The tables of keys: one list a section. To add a key, add a line here and a field in settings.hpp; reading, checks,
// `--explain` and the reference follow.

#include <optional>
#include <string>
#include <vector>

#include "app/job/section.hpp"
#include "app/job/settings.hpp"

namespace stemma {

/// A parameter of [space] as written, before it becomes a Parameter.
struct ParameterText {
    std::int64_t type = 0;  ///< index into the allowed values of `type`
    double low = 0, high = 0;
    std::int64_t integer_low = 0, integer_high = 0;
    Scale scale = Scale::linear;
    std::optional<double> step;
    std::optional<std::int64_t> integer_step;
    std::vector<Literal> values;  ///< choices or levels
    std::optional<Literal> value;
    std::optional<Literal> default_value;
    std::optional<std::int64_t> role;  ///< index; absent: what the trainer can change is mutable
};

std::vector<Field<RunSettings>> run_fields();
std::vector<Field<Budget>> budget_fields();
std::vector<Field<MetricSettings>> metric_fields();
std::vector<Field<ParameterText>> parameter_fields();
std::vector<Field<SamplerSettings>> sampler_fields();
/// The keys of all schedulers (scheduler/descriptor.hpp), and those that the program has for them.
std::vector<Field<SchedulerSettings>> scheduler_fields();
/// Without the hyperparameters.
std::vector<Field<TrainerSettings>> trainer_fields();
std::vector<Field<WorkerSettings>> worker_fields();

/// The hyperparameters of all trainers.
std::vector<Hyperparameter> hyperparameters();

/// A section as the reference shows it.
struct Variant {
    std::string name;
    std::string meaning;
    std::string example = {};  ///< "" = the section's
};
struct Section {
    std::string path;  ///< "scheduler", "run.budget", "space.NAME"
    std::string meaning;
    std::vector<Variant> variants;  ///< the values of `type`
    std::vector<Key> keys;
    std::string example;
};
/// In the order in which a job file has them.
std::vector<Section> sections();

/// Names of the sections at the top of a file.
std::vector<std::string> section_names();

}  // namespace stemma
