// The keys of gpbt, and the plan of its search.
#include <algorithm>
#include <cmath>

#include "scheduler/arm_plan.hpp"
#include "scheduler/arms.hpp"
#include "scheduler/common_keys.hpp"
#include "scheduler/gpbt.hpp"
#include "scheduler/gpbt_boundaries.hpp"

namespace stemma {

namespace {

using namespace make_key;
using S = GpbtSettings;

/// A number, or "auto".
Field<S> interval() {
    const auto key = in_unit(
        scheduler_keys::unit,
        integer_or({"auto"}, "interval", scheduler_keys::count,
                   "Training between two selections. \"auto\" finds it out: searches with different intervals "
                   "run side by side on children * max in all. A search that is behind one with longer "
                   "intervals is stopped. Log and report say which was. Then final = \"max\", unless it is given."));
    auto field = setting(&S::interval, key);
    field.store = [](S& settings, const Checked& checked) {
        const auto* number = std::get_if<std::int64_t>(&checked.value);
        settings.interval = number != nullptr ? *number : interval_auto;
    };
    field.load = [](const S& settings) {
        if (settings.interval == interval_auto) return std::optional(Checked{std::string("auto")});
        return std::optional(Checked{std::int64_t{settings.interval}});
    };
    return field;
}

std::vector<Field<S>> fields() {
    return {
        scheduler_keys::max<S>(),
        interval(),
        setting(&S::interval_min,
                in_unit(scheduler_keys::unit, integer("interval_min", scheduler_keys::count,
                                                      "With interval = \"auto\": the shortest interval to try."))),
        setting(&S::children, integer("children", {1, 1e6}, "n: members trained in each generation.")),
        setting(&S::ratio, default_is("4; with fewer children as many as these",
                                      number("ratio", above(0),
                                             "c: children a parent / parents. There are floor(sqrt(children / ratio)) "
                                             "parents, at least 1."))),
        setting(&S::founders,
                number("founders", {1, 1000},
                       "Members of the first generation, trained from scratch, as a multiple of children. More "
                       "founders make the result depend less on good initial draws. In the paper 1.")),
        setting(&S::parents_compete, flag("parents_compete",
                                          "true: a parent may be selected again, by its last report, as in the paper. "
                                          "false: only children are selected, so no generation is lost.")),
        setting(&S::learned_parents,
                before("false", flag("learned_parents",
                                     "Members that are no better than metric.baseline become no parents. Members from "
                                     "scratch go on until two have learned, or as many as there are parents. At most "
                                     "a third of the training goes into them. In the paper false."))),
        setting(
            &S::repeat_child,
            flag("repeat_child", "One child of each parent repeats its hyperparameters, unless it was chosen again.")),
        setting(
            &S::early_stopping,
            flag("early_stopping",
                 "Ends a generation early. It launches no more children once its best improves on the previous "
                 "generation by more than that one improved on its predecessor. In the paper, with sequential = true, "
                 "this saved a half to two thirds of the work. It has no effect where all children train at once.")),
        setting(&S::early_stopping_from,
                integer("early_stopping_from", {2, 1e6}, "First generation where that may happen.")),
        setting(&S::sequential, flag("sequential",
                                     "true: the children of one parent train one after another, as in the paper. Each "
                                     "proposal then knows all earlier results. false: all children train at once.")),
        setting(&S::quorum,
                number("quorum", {0, 1, true, false}, "Share of its children whose reports close a generation.")),
        setting(&S::deadline, duration("deadline", at_least(0),
                                       "Time from its first child's start after which a generation closes; 0 = none.")),
        setting(
            &S::patience,
            number("patience", {0, 1000},
                   "Limits the wait for slow children while a worker is idle. Once half of the children have reported, "
                   "a child is waited for up to this many times the mean (at least 1) of those. 0 = wait for all.")),
    };
}

/// What has no meaning with interval = "auto".
void check_auto(const S& settings, std::vector<Contradiction>& out) {
    const auto refuse = [&](bool wrong, const char* key, const char* remedy) {
        if (wrong) out.push_back({key, std::string(remedy) + " with interval = \"auto\"", {"interval"}});
    };
    const S usual;
    refuse(settings.founders != usual.founders, "founders", "must be left out: the number of founders is fixed");
    refuse(settings.parents_compete, "parents_compete", "must be false");
    refuse(settings.sequential, "sequential", "must be false");
    refuse(settings.early_stopping, "early_stopping", "must be false");
    refuse(settings.quorum < 1, "quorum", "must be 1");
    refuse(settings.deadline > 0, "deadline", "must be 0");
    if (settings.interval_min > settings.max) {
        out.push_back(
            {"interval_min",
             "must be <= max = " + std::to_string(settings.max) + "; got " + std::to_string(settings.interval_min),
             {"max"}});
    }
    if (static_cast<double>(settings.children) * static_cast<double>(settings.max) > arm_budget_max) {
        out.push_back({"max", "must be at most 10^18 / children with interval = \"auto\"", {"interval", "children"}});
    }
}

std::vector<Contradiction> contradictions(const S& settings) {
    std::vector<Contradiction> out;
    if (settings.interval == interval_auto) {
        check_auto(settings, out);
    } else if (settings.interval > settings.max) {
        out.push_back(
            {"interval",
             "must be <= max = " + std::to_string(settings.max) + "; got " + std::to_string(settings.interval),
             {"max"}});
    } else if (settings.interval_min != S().interval_min) {
        out.push_back({"interval_min", "must be left out unless interval = \"auto\"", {"interval"}});
    }
    if (settings.interval != interval_auto && (settings.max - 1) / settings.interval >= gpbt_generations_max) {
        out.push_back({"max",
                       "must be at most " + std::to_string(gpbt_generations_max) + " generations of interval = " +
                           std::to_string(settings.interval) + "; got " + std::to_string(settings.max),
                       {"interval"}});
    }
    if (settings.patience > 0 && settings.patience < 1) {
        out.push_back({"patience", "must be 0 or at least 1: times the mean training of those that have reported", {}});
    }
    const double children = settings.children;
    if (settings.ratio && !(*settings.ratio * children >= 1 && *settings.ratio <= children)) {
        out.push_back(
            {"ratio", "must be in 1/children .. children = " + std::to_string(settings.children), {"children"}});
    }
    return out;
}

/// Beyond this number a message does not tell how many.
constexpr std::uint64_t counted_max = 1'000'000;

WantedConfigurations wants(const S& settings, bool with_children) {
    if (settings.interval == interval_auto) {
        std::uint64_t born = plan_arms(settings).founders;
        if (!with_children) return {born, "its founders"};
        for (const auto& row : expected_arm_rungs(settings)) {
            if (row.rung > 0) born += row.entered - (settings.repeat_child ? 1 : 0);
        }
        return {born, "its founders, and the children of all generations"};
    }
    const std::uint64_t founders = gpbt_founders(settings);
    if (!with_children) return {founders, "its founders"};
    const std::string all = "its founders, and the children of all generations";
    const std::uint64_t generations = gpbt_generations(settings);
    if (generations > counted_max) return {wants_no_end, all};
    const std::uint64_t repeats = settings.repeat_child ? gpbt_parents(settings) : 0;
    const auto each = settings.children - std::min<std::uint64_t>(repeats, settings.children);
    return {founders + (generations - 1) * each, all};
}

/// With interval = "auto".
SchedulerPlan arms_plan(const S& settings) {
    const auto arms = plan_arms(settings);
    std::uint64_t children = 0;
    for (const auto& row : expected_arm_rungs(settings)) {
        if (row.rung == 1) children += row.entered;
    }
    SchedulerPlan plan;
    plan.whole = true;
    plan.members = arms.founders;
    plan.births_are_reports = true;
    plan.resource = arms.budget;
    plan.at_once = std::max<std::uint64_t>(arms.founders, children);
    plan.at_once_by = "scheduler.children = " + std::to_string(settings.children);
    plan.snapshots = children + arms.ends.size() * (arms.founders + gpbt_parents(settings));
    return plan;
}

SchedulerPlan plan(const S& settings) {
    if (settings.interval == interval_auto) return arms_plan(settings);
    SchedulerPlan plan;
    plan.whole = true;
    plan.members = gpbt_founders(settings);
    plan.births_are_reports = true;
    plan.at_once = settings.sequential ? gpbt_parents(settings) : settings.children;
    plan.at_once_by = settings.sequential ? "scheduler.sequential = true"
                                          : "scheduler.children = " + std::to_string(settings.children);
    plan.snapshots = settings.children + gpbt_parents(settings);
    return plan;
}

}  // namespace

void require_good(const GpbtSettings& settings) { require_settings("scheduler", fields(), settings, contradictions); }

GpbtSettings published_gpbt() {
    GpbtSettings settings;
    settings.founders = 1;
    settings.parents_compete = true;
    settings.sequential = true;
    settings.learned_parents = false;
    settings.patience = 0;
    return settings;
}

std::vector<RungRow> expected_rungs(const GpbtSettings& settings, std::uint64_t) {
    if (settings.interval == interval_auto) return expected_arm_rungs(settings);
    const auto boundaries = GpbtBoundaries::every(settings.interval, settings.max);
    std::vector<RungRow> rows;
    const auto generations = gpbt_generations(settings);
    const auto parents = std::min(gpbt_parents(settings), settings.children);
    for (std::uint32_t g = 0; g < generations; ++g) {
        const auto members = g == 0 ? gpbt_founders(settings) : settings.children;
        rows.push_back(
            {0, static_cast<int>(g), boundaries.end(g), members, members, g + 1 < generations ? parents : 0});
    }
    return rows;
}

/// The defaults of its sampler gave the best results on short lineages (docs/studies/populations.md).
SchedulerDescriptor gpbt_descriptor() {
    return {
        .name = "gpbt",
        .summary =
            "genealogical population-based training: generations of children that continue their parents' "
            "weights, each lineage with a search of its own",
        .example = "[scheduler]\ntype = \"gpbt\"\nchildren = 8\nmax = 20\n",
        .traits = {.lineages = true, .population = true, .ends_by_itself = true, .early_results = true},
        .other_defaults = {{"sampler", "", "type", std::string("tpe")},
                           {"sampler", "tpe", "good", std::string("square_root")},
                           {"sampler", "tpe", "gamma", 0.5},
                           {"sampler", "tpe", "multivariate", true},
                           {"scheduler", "gpbt", "final", std::string("max"), "interval", "auto"}},
        .defaults = S(),
        .fields = erased(fields()),
        .complete =
            [](S& settings) {
                if (!settings.ratio) settings.ratio = std::min<double>(4, settings.children);
            },
        .check = contradictions,
        .make = [](const S& settings, std::uint64_t) { return make_gpbt(settings); },
        .rungs = expected_rungs,
        .plan = plan,
        .wants = wants,
        // Only the last `children` founders are proposed by a model. If all founders were, they would cluster around
        // the first report. The paper, with no more founders than children, has one random point.
        .startup =
            [](const S& settings) {
                if (settings.interval == interval_auto) return std::optional(plan_arms(settings).founders);
                const auto random = std::lround((settings.founders - 1) * settings.children);
                return std::optional(static_cast<std::uint32_t>(std::max(1L, random)));
            },
    };
}

}  // namespace stemma
