#include "sampler/inheritance.hpp"
#include "sampler/parzen.hpp"
#include "sampler/tpe_model.hpp"

namespace stemma {
namespace {

bool is_active(const Trial& trial, std::size_t parameter) {
    return !std::holds_alternative<Inactive>(trial.configuration[parameter]);
}

ParzenMixture mixture(const TpeModel& model, const TpeGroup& group, std::size_t parameter) {
    std::vector<double> points, weights;
    for (std::size_t i = 0; i < group.trials.size(); ++i) {
        if (!is_active(*group.trials[i], parameter)) continue;
        points.push_back(group.trials[i]->unit[parameter]);
        weights.push_back(group.weights[i]);
    }
    return {points, weights, model.settings.prior_weight, narrowest_kernel(model.space.axis(parameter))};
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

/// The best of the candidates that `draw` gives; the first of equals.
template <class Draw, class Score>
auto best_candidate(std::uint32_t candidates, Draw draw, Score score) {
    auto best = draw();
    double best_score = score(best);
    for (std::uint32_t i = 1; i < candidates; ++i) {
        auto candidate = draw();
        const double value = score(candidate);
        if (value > best_score) {
            best = candidate;
            best_score = value;
        }
    }
    return best;
}

Value propose_number(const TpeModel& model, std::size_t parameter, Stream& random) {
    const auto& axis = model.space.axis(parameter);
    const auto good = mixture(model, model.good, parameter);
    const auto bad = mixture(model, model.bad, parameter);
    const auto draw = [&] {
        const double unit = good.draw(random);
        return axis.count() > 0 ? axis.to_unit(axis.from_unit(unit)) : unit;
    };
    const auto score = [&](double unit) { return good.log_density(unit) - bad.log_density(unit); };
    return axis.from_unit(best_candidate(model.settings.candidates, draw, score));
}

Value propose_choice(const TpeModel& model, std::size_t parameter, Stream& random) {
    const auto good = choices(model, model.good, parameter);
    const auto bad = choices(model, model.bad, parameter);
    const auto draw = [&] { return good.draw(random); };
    const auto score = [&](std::uint32_t choice) { return good.log_probability(choice) - bad.log_probability(choice); };
    return Choice{best_candidate(model.settings.candidates, draw, score)};
}

}  // namespace

Configuration propose_univariate(const TpeModel& model, Stream& random) {
    const auto& space = model.space;
    Configuration proposal(space.size());
    for (std::size_t i = 0; i < space.size(); ++i) {
        if (!space.active(i, proposal)) continue;
        if (inherited(space, i, model.parent)) {
            proposal[i] = model.parent[i];
        } else if (space.axis(i).constant()) {
            proposal[i] = space.axis(i).from_unit(0);
        } else if (std::holds_alternative<Categorical>(space[i].domain)) {
            proposal[i] = propose_choice(model, i, random);
        } else {
            proposal[i] = propose_number(model, i, random);
        }
    }
    return proposal;
}

}  // namespace stemma
