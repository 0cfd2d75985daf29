#include "sampler/tpe.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <tuple>

#include "core/error.hpp"
#include "options/make_key.hpp"
#include "sampler/common_keys.hpp"
#include "sampler/random_draws.hpp"
#include "sampler/tpe_model.hpp"
#include "sampler/tried.hpp"
#include "space/wide.hpp"

namespace stemma {

std::size_t good_count(std::size_t finite, const TpeSettings& settings) {
    const auto n = static_cast<double>(finite);
    const double part = settings.gamma * (settings.good == TpeSettings::Good::linear ? n : std::sqrt(n));
    return std::min({static_cast<std::size_t>(std::ceil(part)), settings.max_good, finite});
}

double narrowest_kernel(const Axis& axis) { return axis.count() > 0 ? 0.5 / static_cast<double>(axis.count()) : 0; }

namespace {

bool better(const Trial* a, const Trial* b) {
    return std::pair(a->objective, a->member) < std::pair(b->objective, b->member);
}

/// Orders by rank among the trials of the same time, as a share of them; of equal ones those nearer to `now` first. The
/// divisor is one larger than their number: a trial alone at its time is neither good nor bad.
void order_within_times(std::vector<const Trial*>& trials, double now) {
    std::map<double, std::vector<const Trial*>> times;
    for (const auto* trial : trials) times[trial->time].push_back(trial);
    struct Placed {
        double share;
        double distance;
        const Trial* trial;
    };
    std::vector<Placed> placed;
    for (auto& [time, contemporaries] : times) {
        std::ranges::sort(contemporaries, better);
        const auto all = static_cast<double>(contemporaries.size() + 1);
        for (std::size_t rank = 0; rank < contemporaries.size(); ++rank)
            placed.push_back({static_cast<double>(rank + 1) / all, std::abs(now - time), contemporaries[rank]});
    }
    std::ranges::sort(placed, {},
                      [](const Placed& one) { return std::tuple(one.share, one.distance, one.trial->member); });
    std::ranges::transform(placed, trials.begin(), &Placed::trial);
}

/// Deals the trials out to the two groups, with their weights and orders.
void fill_groups(TpeModel& model, std::span<const Trial> trials, const std::vector<bool>& is_good,
                 std::optional<double> time, const TrialOrders& orders) {
    const auto& space = model.space;
    const double width = std::max(1.0, model.settings.time_width * time.value_or(0));
    std::vector<std::uint32_t> number(trials.size());  // of each trial in its group
    // By member, so that sums of the same trials round alike.
    for (std::size_t i = 0; i < trials.size(); ++i) {
        auto& group = is_good[i] ? model.good : model.bad;
        number[i] = static_cast<std::uint32_t>(group.trials.size());
        group.trials.push_back(&trials[i]);
        const double distance = time ? (*time - trials[i].time) / width : 0;
        group.weights.push_back(distance == 0 ? 1 : std::exp(-0.5 * distance * distance));
    }
    for (auto* group : {&model.good, &model.bad}) group->ascending.resize(space.size());
    for (std::size_t parameter = 0; !trials.empty() && parameter < space.size(); ++parameter) {
        for (const auto [unit, trial] : orders.ascending(parameter)) {
            auto& group = is_good[trial] ? model.good : model.bad;
            group.ascending[parameter].push_back({unit, number[trial]});
        }
    }
}

}  // namespace

TpeModel make_tpe_model(const SearchSpace& space, const TpeSettings& settings, ConfigurationView parent,
                        std::span<const Trial> trials, std::optional<double> time, const TrialOrders& orders) {
    TpeModel model{space, settings, parent, {}, {}};
    std::vector<const Trial*> finite;
    for (const auto& trial : trials) {
        if (std::isfinite(trial.objective) && !trial.pending) finite.push_back(&trial);
    }
    const auto middle = finite.begin() + static_cast<std::ptrdiff_t>(good_count(finite.size(), settings));
    if (time && settings.time == TpeSettings::Time::relative) {
        order_within_times(finite, *time);
    } else {
        std::nth_element(finite.begin(), middle, finite.end(), better);
    }
    std::vector<bool> is_good(trials.size(), false);
    for (auto one = finite.begin(); one != middle; ++one)
        is_good[static_cast<std::size_t>(*one - trials.data())] = true;
    fill_groups(model, trials, is_good, time, orders);
    return model;
}

TpeModel make_tpe_constraint(const SearchSpace& space, const TpeSettings& settings, ConfigurationView parent,
                             std::span<const Trial> trials, std::optional<double> time, const TrialOrders& orders) {
    TpeModel model{space, settings, parent, {}, {}};
    std::vector<bool> ran(trials.size());
    for (std::size_t i = 0; i < trials.size(); ++i) ran[i] = !trials[i].failed;
    fill_groups(model, trials, ran, time, orders);
    return model;
}

std::optional<double> good_share(const TpeModel& model) {
    const auto total = [](const TpeGroup& group) {
        return std::accumulate(group.weights.begin(), group.weights.end(), 0.0);
    };
    const double good = total(model.good), all = good + total(model.bad);
    return all > 0 ? std::optional(good / all) : std::nullopt;
}

std::optional<Configuration> best_of(const std::vector<Configuration>& candidates, TpeDensities& densities) {
    std::optional<Configuration> best;
    double best_score = 0;
    for (const auto& candidate : candidates) {
        const double score = densities.score(candidate);
        if (best && score <= best_score) continue;
        best = candidate;
        best_score = score;
    }
    return best;
}

namespace {

constexpr std::uint32_t model_attempts = 20;

std::vector<Field<TpeSettings>> fields() {
    using namespace make_key;
    using S = TpeSettings;
    return {
        startup_field<S>(),
        setting(&S::good, choice("good", {"linear", "square_root"},
                                 "How many of n trials are the good ones: gamma * n, or gamma * sqrt(n) (hyperopt).")),
        setting(&S::gamma, number("gamma", {0, 1, true, false}, "See good; hyperopt has 0.25 with square_root.")),
        setting(&S::max_good, integer("max_good", {1, 1e6}, "Never more good ones than these.")),
        setting(&S::candidates,
                integer("candidates", {1, 1e6}, "Draws from the good ones' density that are compared.")),
        setting(&S::prior_weight, number("prior_weight", above(0), "Weight of the prior; a trial's is 1.")),
        setting(&S::multivariate,
                flag("multivariate", "One kernel a trial over all parameters, instead of one for each parameter.")),
        setting(&S::time, choice("time", {"none", "kernel", "relative"},
                                 "How the proposal for a child weighs members of other times (units along the "
                                 "lineage). \"none\": all alike. \"kernel\": near times weigh more. \"relative\": in "
                                 "addition, a member is compared only with members of its own time.")),
        setting(&S::time_width,
                number("time_width", above(0), "Width of that weight, as a part of the proposal's time.")),
        look_below_field<S>(),
    };
}

/// The settings, checked and clamped.
TpeSettings checked(TpeSettings settings) {
    require_ranges("TPE", fields(), settings);
    if (settings.cap < 2) throw UserError("TPE: cap must be at least 2; 1000 is usual");
    settings.startup = std::min(settings.startup, settings.cap);
    return settings;
}

class TpeSampler final : public Sampler {
public:
    TpeSampler(const std::shared_ptr<const SearchSpace>& space, std::uint64_t seed, const TpeSettings& settings)
        : settings_(settings),
          seed_(seed),
          draws_(space, seed),
          history_(space, {settings.min_trials, settings.startup}) {}

    std::optional<Configuration> propose(const ProposalRequest& request) override {
        const auto parent = request.parent.exists() ? history_.configuration(request.parent) : ConfigurationView();
        const auto trials = history_.trials(request.parent, settings_.cap);
        const auto observed = static_cast<std::size_t>(std::ranges::count(trials, false, &Trial::pending));
        // Failures teach as well.
        const auto known = observed + history_.failures();
        const auto counted = settings_.count_pending ? trials.size() + history_.failures() : known;
        basis_ = ProposalBasis::drawn;
        if (known == 0 || counted < settings_.startup) return draws_.draw(request.member, parent);

        std::optional<double> time;
        if (request.parent.exists() && settings_.time != TpeSettings::Time::none)
            time = history_.time_of_child(request.parent);
        orders_.update(trials);
        const auto model = make_tpe_model(history_.space(), settings_, parent, trials, time, orders_);
        const auto failures = failure_models(parent, history_.time_of_child(request.parent));
        if (auto proposal = by_model(*densities(model, failures), request)) {
            basis_ = ProposalBasis::current;
            return proposal;
        }
        return draws_.draw(request.member, parent, model_attempts);
    }
    void born(const Birth& birth) override { history_.born(birth); }
    void observe(const Observation& observation) override { history_.observe(observation); }
    void given_up(MemberId member) override { history_.given_up(member); }
    ProposalBasis basis() const override { return basis_; }
    std::string describe() const override {
        return std::string(settings_.multivariate ? "multivariate " : "") + "TPE after " +
               std::to_string(settings_.startup) + " random points" + time_text();
    }

private:
    /// A constraint: what its model points into, and the model.
    struct FailureModel {
        std::vector<Trial> trials;
        std::optional<TpeModel> model;
    };
    using FailureModels = std::array<FailureModel, std::size(infeasibilities)>;

    /// One for each kind of failure that there was. Whether memory suffices does not depend on time.
    FailureModels failure_models(ConfigurationView parent, double now) {
        FailureModels models;
        for (std::size_t i = 0; i < models.size(); ++i) {
            auto& [trials, model] = models[i];
            trials = history_.feasibility(infeasibilities[i], settings_.cap);
            if (trials.empty()) continue;
            std::optional<double> time;
            if (infeasibilities[i] == Infeasibility::nonfinite && settings_.time != TpeSettings::Time::none) time = now;
            failure_orders_[i].update(trials);
            model.emplace(make_tpe_constraint(history_.space(), settings_, parent, trials, time, failure_orders_[i]));
        }
        return models;
    }

    std::unique_ptr<TpeDensities> densities(const TpeModel& model) const {
        return settings_.multivariate ? multivariate_densities(model) : univariate_densities(model);
    }

    /// Without failures those of the objective.
    std::unique_ptr<TpeDensities> densities(const TpeModel& objective, const FailureModels& failures) const {
        std::vector<TpeConstraintPart> parts;
        for (const auto& failure : failures) {
            if (!failure.model) continue;
            const auto share = good_share(*failure.model);
            if (share) parts.push_back({densities(*failure.model), *share, true});
        }
        if (parts.empty()) return densities(objective);
        // While nothing has a value, only the constraints speak.
        const auto share = good_share(objective);
        if (share && *share > 0) parts.insert(parts.begin(), {densities(objective), *share});
        return constrained_densities(std::move(parts));
    }

    /// Nothing if all candidates are forbidden. One that was tried only if all that are allowed were tried.
    std::optional<Configuration> by_model(TpeDensities& densities, const ProposalRequest& request) {
        if (request.tried) {
            // So few are left that the candidates would hardly be others.
            const auto left = request.tried->left(settings_.candidates);
            if (!left.empty()) return best_of(left, densities);
        }
        std::optional<Configuration> tried;
        /// Sorts out what is forbidden or was tried.
        const auto is_new = [&](const Configuration& one) {
            if (!history_.space().allowed(one)) return false;
            if (!request.tried || !request.tried->contains(one)) return true;
            if (!tried) tried = one;
            return false;
        };
        for (std::uint32_t attempt = 0; attempt < model_attempts; ++attempt) {
            Stream random(seed_, Purpose::configuration, request.member.value, attempt);
            // Where the best values of all parameters make a point that was tried, whole points are compared.
            auto proposal = tried ? std::nullopt : densities.by_parameter(random);
            if (proposal) {
                if (is_new(*proposal)) return proposal;
                continue;
            }
            std::vector<Configuration> candidates;
            for (std::size_t i = 0; i < settings_.candidates * densities.parts(); ++i) {
                auto candidate = densities.draw(random);
                if (is_new(candidate)) candidates.push_back(std::move(candidate));
            }
            if (!candidates.empty()) return best_of(candidates, densities);
        }
        return tried;
    }

    const char* time_text() const {
        if (settings_.time == TpeSettings::Time::none) return ", without time";
        return settings_.time == TpeSettings::Time::relative ? ", relative to time" : "";
    }

    TpeSettings settings_;
    std::uint64_t seed_;
    RandomDraws draws_;
    History history_;
    TrialOrders orders_;
    std::array<TrialOrders, std::size(infeasibilities)> failure_orders_;
    ProposalBasis basis_ = ProposalBasis::drawn;  ///< of the last proposal
};

}  // namespace

std::unique_ptr<Sampler> make_tpe_sampler(const std::shared_ptr<const SearchSpace>& space, std::uint64_t seed,
                                          const TpeSettings& settings) {
    return std::make_unique<TpeSampler>(settings.look_below ? with_model_scales(space) : space, seed,
                                        checked(settings));
}

SamplerDescriptor tpe_sampler_descriptor() {
    return {
        .name = "tpe",
        .summary = "tree-structured Parzen estimators: learns from the run, or from a child's lineage",
        .traits = {.learns = true},
        .defaults = TpeSettings(),
        .fields = erased(fields()),
        .make =
            [](const TpeSettings& settings, const SamplerContext& context) {
                auto tpe = settings;
                tpe.count_pending = context.count_pending;
                return make_tpe_sampler(context.space, context.seed, tpe);
            },
    };
}

}  // namespace stemma
