#include <limits>
#include <variant>

#include "sampler/inheritance.hpp"
#include "sampler/parzen.hpp"
#include "sampler/tpe_model.hpp"

namespace stemma {
namespace {

bool is_active(const Trial& trial, std::size_t parameter) {
    return !std::holds_alternative<Inactive>(trial.configuration[parameter]);
}

/// ParzenMixture or ParzenDensity.
template <class Kernels>
Kernels kernels(const TpeModel& model, const TpeGroup& group, std::size_t parameter) {
    return {group.ascending[parameter], group.weights, model.settings.prior_weight,
            narrowest_kernel(model.space.axis(parameter))};
}

ParzenChoices choices(const TpeModel& model, const TpeGroup& group, std::size_t parameter) {
    std::vector<std::uint32_t> seen;
    std::vector<double> weights;
    for (std::size_t i = 0; i < group.trials.size(); ++i) {
        if (!is_active(*group.trials[i], parameter)) continue;
        seen.push_back(std::get<Choice>(group.trials[i]->configuration[parameter]).index);
        weights.push_back(group.weights[i]);
    }
    return {model.space.axis(parameter).count(), seen, weights, model.settings.prior_weight};
}

/// The best of the candidates that `draw` gives; the first of equals. `score` gets a candidate and the best score so
/// far. It may give any value up to that one for a candidate that is not better.
template <class Draw, class Score>
auto best_candidate(std::uint32_t candidates, Draw draw, Score score) {
    auto best = draw();
    double best_score = score(best, -std::numeric_limits<double>::infinity());
    for (std::uint32_t i = 1; i < candidates; ++i) {
        auto candidate = draw();
        const double value = score(candidate, best_score);
        if (value > best_score) {
            best = candidate;
            best_score = value;
        }
    }
    return best;
}

/// l and g of one parameter.
struct Numbers {
    ParzenMixture good;
    ParzenDensity bad;
};
struct Choices {
    ParzenChoices good, bad;
};
using Estimators = std::variant<std::monostate, Numbers, Choices>;

class Univariate final : public TpeDensities {
public:
    explicit Univariate(const TpeModel& model) : model_(model), estimators_(model.space.size()) {}

    std::optional<Configuration> by_parameter(Stream& random) override {
        return filled([&](std::size_t parameter) { return best_value(parameter, random); });
    }
    Configuration draw(Stream& random) override {
        return filled([&](std::size_t parameter) { return draw_value(parameter, random); });
    }
    double score(const Configuration& configuration) override {
        double sum = 0;
        for (std::size_t i = 0; i < configuration.size(); ++i) {
            if (std::holds_alternative<Inactive>(configuration[i]) || !searched(i)) continue;
            sum += score(i, configuration[i]);
        }
        return sum;
    }

private:
    bool searched(std::size_t parameter) const {
        return !inherited(model_.space, parameter, model_.parent) && !model_.space.axis(parameter).constant();
    }

    template <class Fill>
    Configuration filled(const Fill& fill) {
        const auto& space = model_.space;
        Configuration configuration(space.size());
        for (std::size_t i = 0; i < space.size(); ++i) {
            if (!space.active(i, configuration)) continue;
            if (searched(i)) {
                configuration[i] = fill(i);
            } else {
                configuration[i] = space.axis(i).constant() ? space.axis(i).from_unit(0) : model_.parent[i];
            }
        }
        return configuration;
    }

    Estimators& estimators(std::size_t parameter) {
        auto& own = estimators_[parameter];
        if (!std::holds_alternative<std::monostate>(own)) return own;
        if (std::holds_alternative<Categorical>(model_.space[parameter].domain)) {
            own = Choices{choices(model_, model_.good, parameter), choices(model_, model_.bad, parameter)};
        } else {
            own = Numbers{kernels<ParzenMixture>(model_, model_.good, parameter),
                          kernels<ParzenDensity>(model_, model_.bad, parameter)};
        }
        return own;
    }

    Value best_value(std::size_t parameter, Stream& random) {
        const auto& axis = model_.space.axis(parameter);
        const auto candidates = model_.settings.candidates;
        auto& estimators = this->estimators(parameter);
        if (const auto* own = std::get_if<Choices>(&estimators)) {
            return Choice{best_candidate(
                candidates, [&] { return own->good.draw(random); },
                [&](std::uint32_t choice, double) {
                    return own->good.log_probability(choice) - own->bad.log_probability(choice);
                })};
        }
        const auto& own = std::get<Numbers>(estimators);
        const auto draw = [&] {
            const double unit = own.good.draw(random);
            return axis.count() > 0 ? axis.to_unit(axis.from_unit(unit)) : unit;
        };
        // l / g itself: its logarithm would have the same order. Where g is above l / best, the candidate is not
        // better.
        const auto score = [&](double unit, double best) {
            const double good = own.good.density(unit);
            const double enough = best > 0 ? good / best : std::numeric_limits<double>::infinity();
            return good / own.bad.density(unit, enough);
        };
        return axis.from_unit(best_candidate(candidates, draw, score));
    }

    Value draw_value(std::size_t parameter, Stream& random) {
        auto& estimators = this->estimators(parameter);
        if (const auto* own = std::get_if<Choices>(&estimators)) return Choice{own->good.draw(random)};
        return model_.space.axis(parameter).from_unit(std::get<Numbers>(estimators).good.draw(random));
    }

    double score(std::size_t parameter, const Value& value) {
        auto& estimators = this->estimators(parameter);
        if (const auto* own = std::get_if<Choices>(&estimators)) {
            const auto choice = std::get<Choice>(value).index;
            return own->good.log_probability(choice) - own->bad.log_probability(choice);
        }
        const auto& own = std::get<Numbers>(estimators);
        const double unit = model_.space.axis(parameter).to_unit(value);
        return own.good.log_density(unit) - own.bad.log_density(unit);
    }

    const TpeModel& model_;
    std::vector<Estimators> estimators_;  ///< of each parameter; none: not needed yet
};

}  // namespace

std::unique_ptr<TpeDensities> univariate_densities(const TpeModel& model) {
    return std::make_unique<Univariate>(model);
}

}  // namespace stemma
