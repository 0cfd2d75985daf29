#include "sampler/product_kernels.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sampler/inheritance.hpp"
#include "sampler/parzen.hpp"

namespace stemma {
namespace {

constexpr double nothing = -std::numeric_limits<double>::infinity();
constexpr double log_root_two_pi = 0.91893853320467274;

}  // namespace

ProductKernels::ProductKernels(const TpeModel& model, const TpeGroup& group)
    : model_(model), group_(group), columns_(model.space.size()), terms_(group.trials.size() + 1) {
    const auto& space = model.space;
    for (std::size_t i = 0; i < space.size(); ++i) {
        if (space.axis(i).constant()) continue;
        if (is_categorical(i)) {
            make_choices(i);
        } else {
            make_numbers(i);
        }
    }
    for (const double weight : group.weights) log_weights_.push_back(weight > 0 ? std::log(weight) : nothing);
    log_weights_.push_back(std::log(model.settings.prior_weight));
    terms_ = log_weights_;
    for (std::size_t i = 0; i < space.size(); ++i) {
        if (inherited(space, i, model.parent)) add(i, model.parent[i], space.axis(i).to_unit(model.parent[i]));
    }
    const double total = log_sum();
    log_weights_ = terms_;
    for (auto& log_weight : log_weights_) {
        log_weight -= total;
        shares_.push_back(std::exp(log_weight));
    }
}

double ProductKernels::log_density(const Configuration& point, std::span<const double> unit) {
    terms_ = log_weights_;
    for (std::size_t i = 0; i < point.size(); ++i) {
        const bool active = !std::holds_alternative<Inactive>(point[i]);
        if (active && !inherited(model_.space, i, model_.parent)) add(i, point[i], unit[i]);
    }
    return log_sum();
}

Configuration ProductKernels::draw(Stream& random) const {
    const auto& space = model_.space;
    const auto k = draw_index(shares_, random);
    Configuration point(space.size());
    for (std::size_t i = 0; i < space.size(); ++i) {
        if (!space.active(i, point)) continue;
        point[i] = inherited(space, i, model_.parent) ? model_.parent[i] : draw_value(k, i, random);
    }
    return point;
}

bool ProductKernels::is_categorical(std::size_t i) const {
    return std::holds_alternative<Categorical>(model_.space[i].domain);
}

void ProductKernels::make_numbers(std::size_t i) {
    const auto& places = group_.ascending[i];
    auto& column = columns_[i];
    column.means.assign(terms_.size(), prior_mean);
    column.deviations.assign(terms_.size(), prior_deviation);
    const auto deviations = neighbor_deviations(places, narrowest_kernel(model_.space.axis(i)));
    for (std::size_t j = 0; j < places.size(); ++j) {
        column.means[places[j].trial] = places[j].unit;
        column.deviations[places[j].trial] = deviations[j];
    }
    for (std::size_t k = 0; k < terms_.size(); ++k) {
        const double deviation = column.deviations[k];
        column.precisions.push_back(0.5 / (deviation * deviation));
        column.log_factors.push_back(-log_root_two_pi -
                                     std::log(deviation * unit_interval_mass(column.means[k], deviation)));
    }
}

/// An observed choice has 1 plus the share of all choices. That share is larger the fewer observations there are.
void ProductKernels::make_choices(std::size_t i) {
    auto& column = columns_[i];
    for (const auto* trial : group_.trials) {
        const auto* choice = std::get_if<Choice>(&trial->configuration[i]);
        column.choices.push_back(choice ? choice->index : no_choice);
    }
    column.choices.push_back(no_choice);
    const auto count = static_cast<double>(model_.space.axis(i).count());
    column.same = std::log((1 + smoothing()) / (1 + count * smoothing()));
    column.other = std::log(smoothing() / (1 + count * smoothing()));
    column.flat = -std::log(count);
}

double ProductKernels::smoothing() const { return model_.settings.prior_weight / static_cast<double>(terms_.size()); }

/// Adds the logarithm of each component's kernel on parameter i to its term.
void ProductKernels::add(std::size_t i, const Value& value, double unit) {
    if (model_.space.axis(i).constant()) return;
    const auto& column = columns_[i];
    if (is_categorical(i)) {
        const auto choice = std::get<Choice>(value).index;
        for (std::size_t k = 0; k < terms_.size(); ++k) {
            const auto own = column.choices[k];
            terms_[k] += own == no_choice ? column.flat : own == choice ? column.same : column.other;
        }
        return;
    }
    for (std::size_t k = 0; k < terms_.size(); ++k) {
        const double distance = unit - column.means[k];
        terms_[k] += column.log_factors[k] - distance * distance * column.precisions[k];
    }
}

Value ProductKernels::draw_value(std::size_t k, std::size_t i, Stream& random) const {
    const auto& axis = model_.space.axis(i);
    if (axis.constant()) return axis.from_unit(0);
    const auto& column = columns_[i];
    if (!is_categorical(i)) {
        return axis.from_unit(draw_truncated_normal(column.means[k], column.deviations[k], random));
    }
    const auto own = column.choices[k];
    const double kept = 1 / (1 + static_cast<double>(axis.count()) * smoothing());
    if (own != no_choice && random.uniform() < kept) return Choice{own};
    return Choice{static_cast<std::uint32_t>(random.below(axis.count()))};
}

/// Logarithm of the sum of exp(terms_). Terms too small to change the sum are skipped.
double ProductKernels::log_sum() const {
    const double most = *std::ranges::max_element(terms_);
    double sum = 0;
    for (const double term : terms_) {
        if (most - term < 40) sum += std::exp(term - most);
    }
    return most + std::log(sum);
}

}  // namespace stemma
