#pragma once
// What the program knows of a scheduler besides how it decides: its name and keys in a job file, its factory, and the
// plans of its searches. Each scheduler has its descriptor beside its code; registry.cpp lists them.

#include <any>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "options/field.hpp"
#include "scheduler/scheduler.hpp"

namespace stemma {

/// How a scheduler's searches differ, for code that must not ask for its name.
struct SchedulerTraits {
    bool lineages = false;        ///< children go on from their parents' weights: no repeats of a configuration
    bool population = false;      ///< lineages with selection: the space needs a parameter in which children may differ
    bool ends_by_itself = false;  ///< needs no limit in [run.budget]
    bool early_results = false;   ///< members below `max` count as results too, unless scheduler.final says otherwise
    bool perturbs = false;  ///< a child's hyperparameters are its donor's, perturbed, unless a model proposes them
    std::string_view sampler = {};  ///< the only sampler.type that it works with; "" = any
};

/// A default that a scheduler has for a key of another section.
struct KeyDefault {
    std::string section;
    std::string type;  ///< of that section: with another type the default has no meaning; "" = any
    std::string key;
    Literal value;
};

/// What is known of a search beforehand, whatever its budget. Zeros: as the rungs say.
struct SchedulerPlan {
    std::uint64_t members = 0;        ///< configurations from scratch; 0 = as many as the budget pays for
    bool whole = false;               ///< the table of rungs does not follow from a number of members
    bool births_are_reports = false;  ///< each training is a new member
    std::uint64_t reports = 0;
    std::uint64_t reports_max = 0;  ///< no search has more reports
    std::uint64_t at_once = 0;      ///< most members in training at a time
    std::string at_once_by = {};    ///< the setting that says so: "scheduler.children = 4"
    std::uint64_t snapshots = 0;    ///< most members at a time that may go on
};

/// A number of configurations whose end is not known beforehand.
inline constexpr std::uint64_t wants_no_end = ~std::uint64_t{0};

/// Configurations that a scheduler takes from its sampler, for samplers that have a finite number.
struct WantedConfigurations {
    std::uint64_t count = 0;
    std::string what = {};  ///< "its population"; "" where there is no end
};

/// One value of scheduler.type. Each scheduler has its own type of settings, which is erased here. The settings of
/// descriptor D are made from D.defaults and D.fields.
struct SchedulerDescriptor {
    std::string name;
    std::string summary;
    std::string example;
    SchedulerTraits traits;
    std::vector<KeyDefault> other_defaults;
    std::any defaults;
    std::vector<Field<std::any>> fields;
    /// Fills in defaults that depend on other settings.
    std::function<void(std::any&)> complete;
    std::function<std::vector<Contradiction>(const std::any&)> check;
    std::function<std::unique_ptr<Scheduler>(const std::any&, std::uint64_t seed)> make;
    std::function<std::vector<RungRow>(const std::any&, std::uint64_t members)> rungs;
    std::function<SchedulerPlan(const std::any&)> plan;
    std::function<WantedConfigurations(const std::any&, bool with_children)> wants;
    std::function<std::optional<std::uint32_t>(const std::any&)> startup;
    std::function<void(std::any&, std::vector<Resource>)> take_stages;

    const Field<std::any>& field(std::string_view name) const;
    /// The value of a whole number among the settings; nothing where this scheduler has no such key.
    std::optional<std::int64_t> integer(const std::any& settings, std::string_view key) const;
};

/// A descriptor as its scheduler writes it.
template <class Settings>
struct SchedulerSpec {
    std::string name;
    std::string summary;
    std::string example = {};
    SchedulerTraits traits = {};
    std::vector<KeyDefault> other_defaults = {};
    Settings defaults = {};
    std::vector<Field<Settings>> fields = {};
    void (*complete)(Settings&) = [](Settings&) {};
    /// Conditions on several keys. The range of each key has been checked.
    std::vector<Contradiction> (*check)(const Settings&) = [](const Settings&) { return std::vector<Contradiction>{}; };
    std::unique_ptr<Scheduler> (*make)(const Settings&, std::uint64_t seed) = nullptr;
    /// The expected rungs for so many members from scratch if all finish.
    std::vector<RungRow> (*rungs)(const Settings&, std::uint64_t members) = nullptr;
    SchedulerPlan (*plan)(const Settings&) = [](const Settings&) { return SchedulerPlan{}; };
    /// For a sampler with an end. `with_children`: the children's configurations come from it too.
    WantedConfigurations (*wants)(const Settings&, bool with_children) = [](const Settings&, bool) {
        return WantedConfigurations{};
    };
    /// Observed members after which a model proposes. Members in training count, too. Nothing: the sampler's own value.
    std::optional<std::uint32_t> (*startup)(const Settings&) = [](const Settings&) {
        return std::optional<std::uint32_t>{};
    };
    /// For schedulers that train by [[schedule]]: the end of each of its stages. nullptr: they take none.
    void (*take_stages)(Settings&, std::vector<Resource>) = nullptr;
};

template <class Settings>
SchedulerDescriptor described(SchedulerSpec<Settings> spec) {
    const auto of = [](const std::any& settings) -> const Settings& {
        return std::any_cast<const Settings&>(settings);
    };
    SchedulerDescriptor out;
    out.name = std::move(spec.name);
    out.summary = std::move(spec.summary);
    out.example = std::move(spec.example);
    out.traits = spec.traits;
    out.other_defaults = std::move(spec.other_defaults);
    out.defaults = spec.defaults;
    out.fields = without_type(std::move(spec.fields));
    out.complete = [complete = spec.complete](std::any& settings) { complete(std::any_cast<Settings&>(settings)); };
    out.check = [of, check = spec.check](const std::any& settings) { return check(of(settings)); };
    out.make = [of, make = spec.make](const std::any& settings, std::uint64_t seed) {
        return make(of(settings), seed);
    };
    out.rungs = [of, rungs = spec.rungs](const std::any& settings, std::uint64_t members) {
        return rungs(of(settings), members);
    };
    out.plan = [of, plan = spec.plan](const std::any& settings) { return plan(of(settings)); };
    out.wants = [of, wants = spec.wants](const std::any& settings, bool with_children) {
        return wants(of(settings), with_children);
    };
    out.startup = [of, startup = spec.startup](const std::any& settings) { return startup(of(settings)); };
    if (spec.take_stages != nullptr) {
        out.take_stages = [take = spec.take_stages](std::any& settings, std::vector<Resource> ends) {
            take(std::any_cast<Settings&>(settings), std::move(ends));
        };
    }
    return out;
}

}  // namespace stemma
