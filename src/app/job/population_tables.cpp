// Keys of the population methods and of the samplers that learn.
#include "app/job/make_key.hpp"
#include "app/job/presets.hpp"
#include "app/job/tables.hpp"

namespace stemma {

using namespace make_key;

namespace {

/// As into(), for a setting inside a part of the section's settings.
template <class S, class Part, class T>
std::function<void(S&, const Checked&)> into(Part S::*part, T Part::*member) {
    return
        [part, store = stemma::into(member)](S& settings, const Checked& checked) { store(settings.*part, checked); };
}

const Range share{0, 1, true, false};  // (0, 1]

/// Its meaning lists the presets. Their values have been put into the other keys already (presets.hpp).
Key preset_key() {
    Words names;
    std::string meaning = "Settings under one name, each of which the job may still set itself.";
    for (const auto& preset : presets()) {
        names.push_back(preset.name);
        meaning += " " + in_quotes(preset.name) + ", for " + preset.scheduler + ": " + preset.source + " (";
        for (const auto& value : preset.values) {
            if (&value != &preset.values.front()) meaning += ", ";
            const auto* text = std::get_if<std::string>(&value.value);
            meaning +=
                value.section + "." + value.key + " = " + (text == nullptr ? to_string(value.value) : in_quotes(*text));
        }
        meaning += ").";
    }
    return choice("preset", "", names, meaning);
}

std::vector<Field<SchedulerSettings>> pbt_fields() {
    using S = SchedulerSettings;
    using P = PbtSettings;
    std::vector<Field<S>> fields{
        {integer("population", "20", {1, 1e6}, "n: members living at a time."), into(&S::pbt, &P::population)},
        {integer("burn_in", "0", {0, 1e15}, "Nobody with less training behind it gives up for another."),
         into(&S::pbt, &P::burn_in)},
        {choice("selection", "truncation", {"truncation", "binary_tournament", "t_test"},
                "Who gives up for whom: the worst share for one of the best; the worse of two; the worse of two if "
                "Welch's t-test on their last reports says so. Members are ranked at their reports, among the last "
                "reports of all that have not reached max; one gives up only where another one that lives has a better "
                "last report, and goes on after all if none is left when a worker is free for the child. What a child "
                "of a donor that has trained less costs is kept to 0.4 times the reports of a population that trains "
                "straight to max (with members that die: as many again)."),
         into(&S::pbt, &P::selection)},
        {number("bottom", "0.2", {0, 0.5, true, false},
                "truncation: share of the population that gives up, rounded up, at most half."),
         into(&S::pbt, &P::bottom)},
        {number("top", "0.2", {0, 0.5, true, false},
                "truncation: share of the population that donors are drawn from, rounded up, at most half."),
         into(&S::pbt, &P::top)},
        {integer("t_test_reports", "10", {2, 1e6}, "t_test: last reports of a lineage that are compared."),
         into(&S::pbt, &P::t_test_reports)},
        {number("t_test_level", "0.05", {0, 1, true, true}, "t_test: one-sided level of significance."),
         into(&S::pbt, &P::t_test_level)},
        {default_is("[1]",
                    list_of("integers", "periods",
                            "Multi-frequency PBT: one sub-population for each, whose members report every interval "
                            "* period; weights migrate both ways, hyperparameters only from slower to faster.")),
         stemma::into(&S::periods)},
        {number("migration", "0.25", {0, 1}, "Chance that a donor is looked for in another sub-population."),
         into(&S::pbt, &P::migration)},
        {integer("backtrack_after", "0", {0, 1e6},
                 "Reports in a row without a new best of its lineage after which a member goes back to that best, with "
                 "other hyperparameters; 0 = never. GPBT has this in parents_compete."),
         into(&S::pbt, &P::backtrack_after)},
        {integer("backtracks", "3", {1, 1e6}, "Times that a lineage goes back to the same ancestor."),
         into(&S::pbt, &P::backtracks)},
    };
    for (auto& field : fields) field.key.only_for = {"pbt"};
    return fields;
}

std::vector<Field<SchedulerSettings>> gpbt_fields() {
    using S = SchedulerSettings;
    using G = GpbtSettings;
    std::vector<Field<S>> fields{
        {integer("children", "16", {1, 1e6}, "n: members trained in each generation."), into(&S::gpbt, &G::children)},
        {default_is("4; with fewer children as many as these",
                    number("ratio", "", above(0),
                           "c: children a parent / parents. There are floor(sqrt(children / ratio)) parents, at least "
                           "1.")),
         into(&S::gpbt, &G::ratio)},
        {number(
             "founders", "3", within(1, 1000),
             "Members of the first generation, from scratch, as a multiple of children: the more, the less hangs on a "
             "lucky start. In the paper 1."),
         stemma::into(&S::founders)},
        {flag("parents_compete", "false",
              "A parent may be chosen again, by its last report, as in the paper; else only children are, and a "
              "generation is never lost."),
         into(&S::gpbt, &G::parents_compete)},
        {flag("repeat_child", "true",
              "One child of each parent repeats its hyperparameters, unless it was chosen again."),
         into(&S::gpbt, &G::repeat_child)},
        {flag(
             "early_stopping", "false",
             "Launch no more children of a generation once its best beats the best before by more than that improved "
             "on the generation before it. In the paper that saved a half to two thirds of the work, with sequential = "
             "true; where all children train at once, nothing is left to launch."),
         into(&S::gpbt, &G::early_stopping)},
        {integer("early_stopping_from", "2", {2, 1e6}, "First generation where that may happen."),
         into(&S::gpbt, &G::early_stopping_from)},
        {flag("sequential", "false",
              "The paper's rule: the children of one parent one after another, so that each proposal knows the results "
              "before it. Else all at once."),
         into(&S::gpbt, &G::sequential)},
        {number("quorum", "1", share, "Share of its children whose reports close a generation."),
         into(&S::gpbt, &G::quorum)},
        {duration("deadline", "0", at_least(0),
                  "Time from its first child's start after which a generation closes; 0 = none."),
         into(&S::gpbt, &G::deadline)},
        {number("patience", "2", {0, 1000},
                "While a worker is idle, a generation does not wait for children that take longer than this many times "
                "the mean (at least 1) of those that have reported, once half of them have; 0 = it waits for all."),
         into(&S::gpbt, &G::patience)},
    };
    for (auto& field : fields) field.key.only_for = {"gpbt"};
    return fields;
}

/// GPBT's defaults are what did best on short lineages (docs/studies/populations.md).
std::vector<Field<SamplerSettings>> tpe_fields(bool lineages) {
    using S = SamplerSettings;
    using T = TpeSettings;
    std::vector<Field<S>> fields{
        {default_is("\"linear\"; with scheduler.type = \"gpbt\": \"square_root\"",
                    choice("good", lineages ? "square_root" : "linear", {"linear", "square_root"},
                           "How many of n trials are the good ones: gamma * n, or gamma * sqrt(n) (hyperopt).")),
         into(&S::tpe, &T::good)},
        {default_is("0.1; with scheduler.type = \"gpbt\": 0.5",
                    number("gamma", lineages ? "0.5" : "0.1", share, "See good; hyperopt has 0.25 with square_root.")),
         into(&S::tpe, &T::gamma)},
        {integer("max_good", "25", {1, 1e6}, "Never more good ones than these."), into(&S::tpe, &T::max_good)},
        {integer("candidates", "24", {1, 1e6}, "Draws from the good ones' density that are compared."),
         into(&S::tpe, &T::candidates)},
        {number("prior_weight", "1", above(0), "Weight of the prior; a trial's is 1."),
         into(&S::tpe, &T::prior_weight)},
        {default_is("false; with scheduler.type = \"gpbt\": true",
                    flag("multivariate", lineages ? "true" : "false",
                         "One kernel a trial over all parameters, instead of one for each parameter.")),
         into(&S::tpe, &T::multivariate)},
        {choice(
             "time", "relative", {"none", "kernel", "relative"},
             "What the time of a trial in its lineage means to a child's proposal: nothing; near ones weigh more; so, "
             "and a trial is compared with those of its own time."),
         into(&S::tpe, &T::time)},
        {number("time_width", "0.5", above(0), "Width of that weight, as a part of the proposal's time."),
         into(&S::tpe, &T::time_width)},
    };
    for (auto& field : fields) field.key.only_for = {"tpe"};
    return fields;
}

std::vector<Field<SamplerSettings>> gp_fields() {
    using S = SamplerSettings;
    using G = GpSettings;
    std::vector<Field<S>> fields{
        {integer("data", "100", {2, 1000}, "Trials that the model sees at most: the best and the latest."),
         into(&S::gp, &G::data)},
        {choice("time_model", "dimension", {"none", "dimension", "decay"},
                "What the time of a trial means: nothing; one more coordinate; a covariance that fades (PB2)."),
         into(&S::gp, &G::time)},
        {choice("pending", "believer", {"believer", "liar"},
                "What members in training count as: the model's mean, or the worst value seen."),
         into(&S::gp, &G::pending)},
        {choice("objective", "value", {"value", "improvement"},
                "What is modelled: the metric, or its change from one report to the next (PB2)."),
         into(&S::gp, &G::objective)},
        {flag("warp_inputs", "true", "Kumaraswamy warping of each number."), into(&S::gp, &G::warp_inputs)},
        {flag("warp_outputs", "true", "Yeo-Johnson transform of the metric."), into(&S::gp, &G::warp_outputs)},
        {choice("acquisition", "ensemble", {"log_ei", "log_pi", "lcb", "ensemble"}, "What a point is worth."),
         [](S& settings, const Checked& checked) {
             settings.gp.search.acquisition = static_cast<GpAcquisition>(checked.index);
         }},
        {number("kappa", "2", at_least(0), "lcb: standard deviations below the mean."),
         [](S& settings, const Checked& checked) { settings.gp.search.kappa = std::get<double>(checked.value); }},
        {flag("wait_for_model", "false",
              "Give out no training while a model is being fitted. By default fits of more than 30 trials run beside "
              "the search, and a proposal that comes before its model rests on the last one, or is a random draw where "
              "there is none (an event model_late in the run file): then the proposals of one seed depend on how long "
              "fits take. With true they do not, and workers wait for fits; only the proposal that wants the first of "
              "all models is still a random draw."),
         into(&S::wait_for_model)},
    };
    for (auto& field : fields) field.key.only_for = {"gp"};
    return fields;
}

}  // namespace

std::vector<Field<SchedulerSettings>> population_fields() {
    using S = SchedulerSettings;
    std::vector<Field<S>> fields{
        {only({"pbt", "gpbt"}, preset_key()), {}},
        {only({"pbt", "gpbt"},
              in_unit("the trainer's unit", integer("interval", "1", {1, 1e15}, "Training between two selections."))),
         stemma::into(&S::interval)},
    };
    return concatenated(concatenated(std::move(fields), pbt_fields()), gpbt_fields());
}

std::vector<Field<SamplerSettings>> model_fields(SchedulerType scheduler) {
    using S = SamplerSettings;
    std::vector<Field<S>> fields{
        {only(
             {"tpe", "gp"},
             default_is(
                 "tpe: 10, gp: parameters + 1; with scheduler.type = \"gpbt\": (founders - 1) * children, at least 1",
                 integer("startup", "", {1, 1e6},
                         "Observed trials before the model proposes; until then, random draws. With scheduler.type = "
                         "\"gpbt\" those in training count too, once one has been observed; so with as many workers as "
                         "founders all founders are random draws."))),
         [](S& settings, const Checked& checked) {
             settings.startup = static_cast<std::uint32_t>(std::get<std::int64_t>(checked.value));
         }},
    };
    return concatenated(concatenated(std::move(fields), tpe_fields(scheduler == SchedulerType::gpbt)), gp_fields());
}

std::vector<Field<SamplerSettings>> birth_fields() {
    using S = SamplerSettings;
    using E = ExploreSettings;
    return {
        {default_is("\"perturb\" with scheduler.type = \"pbt\", unless type is \"tpe\" or \"gp\"; else \"propose\"",
                    choice("births", "", {"perturb", "propose"},
                           "How the hyperparameters of a child come about: the donor's, perturbed (PBT's explore), or "
                           "proposed as for members from scratch, conditioned on the lineage where the sampler can.")),
         [](S& settings, const Checked& checked) { settings.births = static_cast<Births>(checked.index); }},
        {choice("move", "factor", {"factor", "unit_step"},
                "perturb: a number is multiplied by one of `factors`, or takes a step on its scale."),
         into(&S::explore, &E::move)},
        {default_is("[0.8, 1.2]", list_of("numbers", "factors", "perturb: see move.")), stemma::into(&S::factors)},
        {number("unit_step", "0.1", share, "perturb: step as a share of the range, on its scale."),
         into(&S::explore, &E::unit_step)},
        {number("resample_probability", "0", {0, 1}, "perturb: chance of each parameter to be drawn anew."),
         into(&S::explore, &E::resample_probability)},
        {number("categorical_probability", "0.25", {0, 1}, "perturb: chance of a categorical to take another value."),
         into(&S::explore, &E::categorical_probability)},
    };
}

}  // namespace stemma
