#include "sampler/gp/search.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.hpp"
#include "sampler/feasibility.hpp"
#include "sampler/gp/minimize.hpp"

namespace stemma::gp {
namespace {

using Eigen::Index;

std::vector<std::size_t> best_first(const Vector& scores) {
    std::vector<std::size_t> order(static_cast<std::size_t>(scores.size()));
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, [&scores](std::size_t one, std::size_t other) {
        return scores[static_cast<Index>(one)] > scores[static_cast<Index>(other)];
    });
    return order;
}

class Search {
public:
    Search(const SearchProblem& problem, const Posterior* posterior, const GpSearchSettings& settings, Stream random)
        : problem_(problem), posterior_(posterior), settings_(settings), random_(random) {
        ensure(posterior_ != nullptr || !problem_.constraints.empty(), "a search has a model");
        if (posterior_ == nullptr) return;
        const Vector means = posterior_->mean(encoded(problem_.known));
        order_ = best_first(-means);
        best_ = means.minCoeff() - settings_.margin;
    }

    std::optional<Configuration> run() {
        add_left();
        add_random();
        add_local();
        if (pool_.empty()) return std::nullopt;
        const auto functions = acquisitions();
        const auto before = scores(functions);
        for (std::size_t at = 0; at < functions.size(); ++at) refine(functions[at], before[at]);
        const auto after = scores(functions);
        return pool_[choice(after)].configuration;
    }

private:
    std::vector<Acquisition> acquisitions() const {
        if (posterior_ == nullptr) return {Acquisition::log_pi};  // of no weight
        if (settings_.acquisition != Acquisition::ensemble) return {settings_.acquisition};
        return {Acquisition::log_ei, Acquisition::log_pi, Acquisition::lcb};
    }

    Inputs encoded(const std::vector<Candidate>& candidates) const {
        return encoded(candidates, posterior_->kernel().shape(), problem_);
    }

    /// `place` says what time means to a model, and the proposal's time: SearchProblem or Feasibility.
    template <class Place>
    Inputs encoded(std::span<const Candidate> candidates, const Shape& shape, const Place& place) const {
        auto inputs = Encoding::rows(shape, static_cast<Index>(candidates.size()));
        for (std::size_t at = 0; at < candidates.size(); ++at) {
            problem_.encoding.write(inputs, static_cast<Index>(at), candidates[at].configuration, candidates[at].unit,
                                    place.treatment, place.time, place.horizon);
        }
        return inputs;
    }

    void add(const std::vector<double>& unit) {
        if (auto candidate = problem_.inheritance.realize(unit)) pool_.push_back(*std::move(candidate));
    }

    /// What is left of a finite space, if that is no more than the random candidates: these might miss it.
    void add_left() {
        if (!problem_.tried) return;
        const auto most = static_cast<std::size_t>(settings_.random_candidates);
        for (const auto& configuration : problem_.tried->left(most))
            add(problem_.encoding.space().to_unit(configuration));
    }

    void add_random() {
        for (int number = 0; number < settings_.random_candidates; ++number) {
            // What is not free is the parent's.
            auto unit = order_.empty() ? std::vector<double>(problem_.encoding.space().size(), 0.5)
                                       : problem_.known[order_[0]].unit;
            for (std::size_t at = 0; at < unit.size(); ++at) {
                if (problem_.inheritance.free(at)) unit[at] = random_.uniform();
            }
            add(unit);
        }
    }

    /// Steps from a third of the cube's edge down to a thousandth, in some of the coordinates.
    void add_local() {
        if (order_.empty()) return;
        constexpr std::size_t centers = 3;
        const double share = std::max(0.3, 1.0 / static_cast<double>(problem_.encoding.space().size()));
        for (int number = 0; number < settings_.local_candidates; ++number) {
            const auto center = static_cast<std::size_t>(number) % std::min(centers, order_.size());
            auto unit = problem_.known[order_[center]].unit;
            const double size = std::pow(10, random_.uniform(-3, -0.5));
            for (std::size_t at = 0; at < unit.size(); ++at) {
                if (!problem_.inheritance.free(at) || random_.uniform() >= share) continue;
                const bool category = std::holds_alternative<Categorical>(problem_.encoding.space()[at].domain);
                unit[at] = category ? random_.uniform() : std::clamp(unit[at] + size * random_.normal(), 0.0, 1.0);
            }
            add(unit);
        }
    }

    /// Scores of every candidate by each function. Known configurations are below all others.
    std::vector<Vector> scores(const std::vector<Acquisition>& functions) const {
        const auto size = static_cast<Index>(pool_.size());
        std::vector<bool> repeated(pool_.size(), false);
        Prediction predicted;
        if (posterior_ != nullptr) {
            const auto inputs = encoded(pool_);
            predicted = posterior_->predict(inputs);
            for (Index row = 0; row < size; ++row) repeated[static_cast<std::size_t>(row)] = known(inputs, row);
        }
        for (std::size_t at = 0; problem_.tried && at < pool_.size(); ++at) {
            if (problem_.tried->contains(pool_[at].configuration)) repeated[at] = true;
        }
        const auto feasible = log_feasible();
        std::vector<Vector> result;
        for (const auto function : functions) {
            Vector values = feasible;
            for (Index row = 0; row < size; ++row) {
                if (posterior_ != nullptr)
                    values[row] += worth(function, predicted.mean[row], std::sqrt(predicted.variance[row])).value;
                // However far the logarithm of an improvement falls elsewhere.
                const double penalty = feasibility_penalty(feasible[row]);
                if (penalty > 0) values[row] = -1e200 * (1 + penalty);
                if (repeated[static_cast<std::size_t>(row)]) values[row] = -1e300;
            }
            result.push_back(std::move(values));
        }
        return result;
    }

    Score worth(Acquisition function, double mean, double deviation) const {
        const auto of = problem_.constraints.empty() ? score : log_score;
        return of(function, mean, deviation, best_, settings_.kappa);
    }

    /// Of each candidate, that all constraints hold.
    Vector log_feasible() const {
        Vector sum = Vector::Zero(static_cast<Index>(pool_.size()));
        for (const auto& constraint : problem_.constraints) {
            const auto& kernel = constraint.posterior.kernel();
            const auto predicted = constraint.posterior.predict(encoded(pool_, kernel.shape(), constraint));
            for (Index row = 0; row < sum.size(); ++row)
                sum[row] += gp::log_feasible(predicted.mean[row] + constraint.offset,
                                             std::sqrt(predicted.variance[row] + kernel.noise()))
                                .value;
        }
        return sum;
    }

    bool known(const Inputs& inputs, Index row) const {
        const auto& data = posterior_->inputs();
        for (Index at = 0; at < data.size(); ++at) {
            if (data.x.row(at) == inputs.x.row(row) && data.levels.row(at) == inputs.levels.row(row) &&
                (data.time.size() == 0 || data.time[at] == inputs.time[row]))
                return true;
        }
        return false;
    }

    void refine(Acquisition function, const Vector& values) {
        const auto order = best_first(values);
        const auto count = std::min(order.size(), static_cast<std::size_t>(std::max(0, settings_.refined)));
        for (std::size_t at = 0; at < count; ++at) refine(function, Candidate(pool_[order[at]]));
    }

    void refine(Acquisition function, const Candidate& start) {
        std::vector<std::size_t> moving;  // positions in numbers()
        const auto& numbers = problem_.encoding.numbers();
        for (std::size_t at = 0; at < numbers.size(); ++at) {
            const bool real = problem_.encoding.space().axis(numbers[at]).count() == 0;
            const bool active = !std::holds_alternative<Inactive>(start.configuration[numbers[at]]);
            if (real && active && problem_.inheritance.free(numbers[at])) moving.push_back(at);
        }
        if (moving.empty()) return;
        const auto size = static_cast<Index>(moving.size());
        auto points = Points{{}, {}};
        const auto single = std::span(&start, 1);
        if (posterior_ != nullptr) points.objective = encoded(single, posterior_->kernel().shape(), problem_);
        for (const auto& constraint : problem_.constraints)
            points.constraints.push_back(encoded(single, constraint.posterior.kernel().shape(), constraint));
        auto& any = posterior_ != nullptr ? points.objective : points.constraints.front();
        Vector first(size);
        for (Index at = 0; at < size; ++at) first[at] = any.x(0, static_cast<Index>(moving[at]));
        const auto cost = [&](const Vector& moved, Vector& gradient) {
            return cost_at(function, moving, moved, points, gradient);
        };
        const auto lowest =
            minimize(cost, first, Vector::Zero(size), Vector::Ones(size), settings_.refinement_evaluations);
        auto unit = start.unit;
        for (Index at = 0; at < size; ++at) unit[numbers[moving[at]]] = lowest.point[at];
        add(unit);
    }

    /// A point as each of the models sees it: one row each.
    struct Points {
        Inputs objective;
        std::vector<Inputs> constraints;
    };

    /// Moves the point in the coordinates `moving`; gives the score with its sign changed, and the gradient of that.
    double cost_at(Acquisition function, const std::vector<std::size_t>& moving, const Vector& moved, Points& points,
                   Vector& gradient) const {
        const auto place = [&](Inputs& point) {
            for (std::size_t at = 0; at < moving.size(); ++at)
                point.x(0, static_cast<Index>(moving[at])) = moved[static_cast<Index>(at)];
        };
        double sum = 0;
        gradient.setZero(moved.size());
        const auto add = [&](const Score& there, double deviation, const PointPrediction& predicted) {
            for (std::size_t at = 0; at < moving.size(); ++at) {
                const auto column = static_cast<Index>(moving[at]);
                gradient[static_cast<Index>(at)] +=
                    -there.by_mean * predicted.mean_gradient[column] -
                    there.by_deviation * predicted.variance_gradient[column] / (2 * deviation);
            }
            sum += there.value;
        };
        if (posterior_ != nullptr) {
            place(points.objective);
            const auto predicted = posterior_->predict_one(points.objective);
            const double deviation = std::max(std::sqrt(predicted.variance), 1e-9);
            add(worth(function, predicted.mean, deviation), deviation, predicted);
        }
        // Below the least probability of feasibility, only that counts.
        std::vector<Score> feasible(points.constraints.size());
        std::vector<PointPrediction> predictions;
        std::vector<double> deviations;
        double log_feasible = 0;
        for (std::size_t i = 0; i < points.constraints.size(); ++i) {
            const auto& posterior = problem_.constraints[i].posterior;
            place(points.constraints[i]);
            predictions.push_back(posterior.predict_one(points.constraints[i]));
            deviations.push_back(std::max(std::sqrt(predictions[i].variance + posterior.kernel().noise()), 1e-9));
            feasible[i] = gp::log_feasible(predictions[i].mean + problem_.constraints[i].offset, deviations[i]);
            log_feasible += feasible[i].value;
        }
        const double penalty = feasibility_penalty(log_feasible);
        const double factor = penalty > 0 ? 1 + feasibility_slope : 1;
        for (std::size_t i = 0; i < feasible.size(); ++i) {
            add({feasible[i].value, factor * feasible[i].by_mean, factor * feasible[i].by_deviation}, deviations[i],
                predictions[i]);
        }
        sum -= penalty;
        return -sum;
    }

    /// The first candidate of the highest score, or of the lowest sum of ranks.
    static std::size_t choice(const std::vector<Vector>& by_function) {
        if (by_function.size() == 1) return best_first(by_function[0])[0];
        Vector ranks = Vector::Zero(by_function[0].size());
        for (const auto& values : by_function) {
            const auto order = best_first(values);
            for (std::size_t rank = 0; rank < order.size(); ++rank)
                ranks[static_cast<Index>(order[rank])] -= static_cast<double>(rank);
        }
        return best_first(ranks)[0];
    }

    const SearchProblem& problem_;
    const Posterior* posterior_;  ///< of the objective; null: nothing has a value yet
    const GpSearchSettings& settings_;
    Stream random_;
    std::vector<std::size_t> order_;  ///< indices of the known configurations, lowest mean first
    double best_ = 0;
    std::vector<Candidate> pool_;
};

}  // namespace

std::optional<Configuration> best_candidate(const SearchProblem& problem, const Posterior* posterior,
                                            const GpSearchSettings& settings, Stream random) {
    return Search(problem, posterior, settings, random).run();
}

}  // namespace stemma::gp
