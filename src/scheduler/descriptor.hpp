#pragma once
// What the program knows of a scheduler besides how it decides: its name and keys in a job file, its factory, and the
// plans of its searches. Each scheduler has its descriptor beside its code; registry.cpp lists them.

#include <any>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "options/of_settings.hpp"
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

using DefaultValue = std::variant<bool, std::int64_t, double, std::string, std::vector<Literal>>;

/// A default that a scheduler has for a key of another section.
struct KeyDefault {
    std::string section;
    std::string type;  ///< of that section: with another type the default has no meaning; "" = any
    std::string key;
    DefaultValue value;
    /// Only where this key of [scheduler] has this text; "" = always.
    std::string with_key = {};
    std::string with_text = {};
};

/// What is known of a search beforehand, whatever its budget. Zeros: as the rungs say.
struct SchedulerPlan {
    std::uint64_t members = 0;        ///< configurations from scratch; 0 = as many as the budget pays for
    bool whole = false;               ///< the table of rungs does not follow from a number of members
    bool births_are_reports = false;  ///< each training is a new member
    Resource resource = 0;            ///< training in all; 0 = as the rungs say
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

/// One value of scheduler.type. Each scheduler has its own type of settings, which is erased here.
struct SchedulerDescriptor {
    std::string name;
    std::string formerly = {};  ///< former name: accepted, with a note
    std::string summary;
    std::string example = {};
    SchedulerTraits traits = {};
    std::vector<KeyDefault> other_defaults = {};
    std::any defaults;  ///< a value of the settings' type
    Fields fields = {};
    /// Fills in defaults that depend on other settings.
    OfSettings<void(std::any&)> complete = {};
    /// Conditions on several keys. The range of each key has been checked.
    OfSettings<std::vector<Contradiction>(const std::any&)> check = {};
    OfSettings<std::unique_ptr<Scheduler>(const std::any&, std::uint64_t seed)> make;
    /// The same for schedulers that compare by two or three objectives. Without: they take one.
    OfSettings<std::unique_ptr<Scheduler>(const std::any&, std::uint64_t seed, std::size_t objectives)> make_several =
        {};
    /// The expected rungs for so many members from scratch if all finish.
    OfSettings<std::vector<RungRow>(const std::any&, std::uint64_t members)> rungs;
    OfSettings<SchedulerPlan(const std::any&)> plan = {};
    /// For a sampler with an end. `with_children`: the children's configurations come from it too.
    OfSettings<WantedConfigurations(const std::any&, bool with_children)> wants = {};
    /// Observed members after which a model proposes. Members in training count, too. Nothing: the sampler's own value.
    OfSettings<std::optional<std::uint32_t>(const std::any&)> startup = {};
    /// For schedulers that train by [[schedule]]: the end of each of its stages. Without: they take none.
    OfSettings<void(std::any&, std::vector<Resource>)> take_stages = {};
};

/// All schedulers, in the order of lists.
const std::vector<SchedulerDescriptor>& schedulers();

}  // namespace stemma
