// Product kernels over all parameters: component k of a group's density is trial k (the last one is the prior), and its
// density at a point the product over the point's active parameters. Where the trial has no value of its own, it is the
// prior's.

#include <algorithm>
#include <cmath>
#include <limits>

#include "sampler/inheritance.hpp"
#include "sampler/parzen.hpp"
#include "sampler/tpe_model.hpp"

namespace stemma {
namespace {

constexpr double nothing = -std::numeric_limits<double>::infinity();

class ProductKernels {
public:
    ProductKernels(const TpeModel& model, const TpeGroup& group) : model_(model), group_(group) {
        const auto& space = model.space;
        make_kernels();
        const auto inherited_part = model.parent;
        for (std::size_t k = 0; k <= group.trials.size(); ++k) {
            const double weight = k < group.trials.size() ? group.weights[k] : model.settings.prior_weight;
            double log_weight = weight > 0 ? std::log(weight) : nothing;
            for (std::size_t i = 0; i < space.size(); ++i) {
                if (inherited(space, i, inherited_part)) {
                    log_weight += log_kernel(k, i, inherited_part[i], space.axis(i).to_unit(inherited_part[i]));
                }
            }
            log_weights_.push_back(log_weight);
        }
        normalise();
    }

    /// Of the active parameters that are not inherited, given those that are.
    double log_density(const Configuration& point, std::span<const double> unit) const {
        terms_.assign(log_weights_.begin(), log_weights_.end());
        for (std::size_t i = 0; i < point.size(); ++i) {
            if (std::holds_alternative<Inactive>(point[i]) || inherited(model_.space, i, model_.parent)) continue;
            for (std::size_t k = 0; k < terms_.size(); ++k) terms_[k] += log_kernel(k, i, point[i], unit[i]);
        }
        return log_sum();
    }

    Configuration draw(Stream& random) const {
        const auto& space = model_.space;
        const auto k = draw_index(shares_, random);
        Configuration point(space.size());
        for (std::size_t i = 0; i < space.size(); ++i) {
            if (!space.active(i, point)) continue;
            point[i] = inherited(space, i, model_.parent) ? model_.parent[i] : draw_value(k, i, random);
        }
        return point;
    }

private:
    bool has_value(std::size_t k, std::size_t parameter) const {
        return k < group_.trials.size() &&
               !std::holds_alternative<Inactive>(group_.trials[k]->configuration[parameter]);
    }

    void make_kernels() {
        constexpr double log_root_two_pi = 0.91893853320467274;
        prior_normaliser_ =
            -log_root_two_pi - std::log(prior_deviation) - std::log(unit_interval_mass(prior_mean, prior_deviation));
        const auto size = model_.space.size();
        deviations_.assign(group_.trials.size() * size, prior_deviation);
        normalisers_.assign(group_.trials.size() * size, 0);
        for (std::size_t i = 0; i < size; ++i) {
            if (model_.space.axis(i).constant()) continue;
            std::vector<double> points;
            std::vector<std::size_t> owners;
            for (std::size_t k = 0; k < group_.trials.size(); ++k) {
                if (!has_value(k, i)) continue;
                points.push_back(group_.trials[k]->unit[i]);
                owners.push_back(k);
            }
            const auto deviations = neighbour_deviations(points, narrowest_kernel(model_.space.axis(i)));
            for (std::size_t j = 0; j < owners.size(); ++j) {
                const auto place = owners[j] * size + i;
                deviations_[place] = deviations[j];
                normalisers_[place] =
                    -log_root_two_pi - std::log(deviations[j]) - std::log(unit_interval_mass(points[j], deviations[j]));
            }
        }
    }

    double log_kernel(std::size_t k, std::size_t i, const Value& value, double unit) const {
        const auto& axis = model_.space.axis(i);
        if (axis.constant()) return 0;
        const bool own = has_value(k, i);
        if (std::holds_alternative<Categorical>(model_.space[i].domain)) {
            const auto count = static_cast<double>(axis.count());
            if (!own) return -std::log(count);
            const bool same = group_.trials[k]->configuration[i] == value;
            return std::log(((same ? 1 : 0) + smoothing()) / (1 + count * smoothing()));
        }
        const double mean = own ? group_.trials[k]->unit[i] : prior_mean;
        const double deviation = own ? deviations_[k * model_.space.size() + i] : prior_deviation;
        const double distance = (unit - mean) / deviation;
        const auto normaliser = own ? normalisers_[k * model_.space.size() + i] : prior_normaliser_;
        return normaliser - 0.5 * distance * distance;
    }

    Value draw_value(std::size_t k, std::size_t i, Stream& random) const {
        const auto& axis = model_.space.axis(i);
        if (axis.constant()) return axis.from_unit(0);
        const bool own = has_value(k, i);
        if (std::holds_alternative<Categorical>(model_.space[i].domain)) {
            const auto count = static_cast<double>(axis.count());
            if (own && random.uniform() < 1 / (1 + count * smoothing())) return group_.trials[k]->configuration[i];
            return Choice{static_cast<std::uint32_t>(random.below(axis.count()))};
        }
        return axis.from_unit(draw_truncated_normal(own ? group_.trials[k]->unit[i] : prior_mean,
                                                    own ? deviations_[k * model_.space.size() + i] : prior_deviation,
                                                    random));
    }

    /// What each choice has besides an observation's 1: the fewer observations, the more.
    double smoothing() const { return model_.settings.prior_weight / static_cast<double>(group_.trials.size() + 1); }

    double log_sum() const {
        const double most = *std::ranges::max_element(terms_);
        double sum = 0;
        for (const double term : terms_) {
            if (most - term < 40) sum += std::exp(term - most);
        }
        return most + std::log(sum);
    }

    void normalise() {
        terms_ = log_weights_;
        const double total = log_sum();
        for (auto& log_weight : log_weights_) {
            log_weight -= total;
            shares_.push_back(std::exp(log_weight));
        }
    }

    const TpeModel& model_;
    const TpeGroup& group_;
    std::vector<double> deviations_;   ///< of each trial and parameter
    std::vector<double> normalisers_;  ///< likewise: logarithm of 1 / (integral over [0, 1])
    double prior_normaliser_ = 0;
    std::vector<double> log_weights_;    ///< of each component; the last one is the prior's
    std::vector<double> shares_;         ///< exp() of it
    mutable std::vector<double> terms_;  ///< scratch
};

}  // namespace

Configuration propose_multivariate(const TpeModel& model, Stream& random) {
    const ProductKernels good(model, model.good), bad(model, model.bad);
    Configuration best;
    double best_score = nothing;
    for (std::uint32_t i = 0; i < model.settings.candidates; ++i) {
        auto candidate = good.draw(random);
        const auto unit = model.space.to_unit(candidate);
        const bool allowed = model.space.allowed(candidate);
        const double score = allowed ? good.log_density(candidate, unit) - bad.log_density(candidate, unit) : nothing;
        if (best.empty() || score > best_score) {
            best = std::move(candidate);
            best_score = score;
        }
    }
    return best;
}

}  // namespace stemma
