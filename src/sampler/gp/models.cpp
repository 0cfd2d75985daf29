#include "sampler/gp/models.hpp"

#include <algorithm>
#include <iterator>

namespace stemma::gp {
namespace {

constexpr std::size_t remembered = 64;

}  // namespace

const Models::Model* Models::last(MemberId parent, const Shape& shape) const {
    const Model* any = nullptr;
    for (auto model = models_.rbegin(); model != models_.rend(); ++model) {
        if (model->shape != shape) continue;
        if (model->parent == parent) return &*model;
        if (any == nullptr) any = &*model;
    }
    return any;
}

bool Models::due(const Model& model, const std::vector<Seen>& seen) const {
    std::vector<Seen> fresh;
    std::ranges::set_difference(seen, model.seen, std::back_inserter(fresh));
    return fresh.size() >= (seen.size() <= settings_.refit_always ? 1 : settings_.refit_every);
}

std::optional<Hyperparameters> Models::get(MemberId parent, const Shape& shape, const Inputs& inputs,
                                           const Vector& targets, std::vector<Seen> seen) {
    std::ranges::sort(seen);
    const auto* before = last(parent, shape);
    if (before != nullptr && !due(*before, seen)) return Hyperparameters{before->logs};

    std::optional<Fit> found;
    if (before == nullptr) {
        // With many data at once the cost must be bounded now; the fits to come will go on from here.
        const bool many = seen.size() > settings_.refit_always;
        auto starts = cold_starts(shape);
        if (many) starts.resize(1);
        found = fit(shape, inputs, targets, starts, many ? 2 * settings_.warm_evaluations : settings_.cold_evaluations);
    } else {
        std::vector<Vector> starts{before->logs};
        // With few data the optimum moves far from one observation to the next.
        if (seen.size() <= settings_.refit_always) starts.push_back(Prior(shape).mean);
        found = fit(shape, inputs, targets, starts, settings_.warm_evaluations);
    }
    ++fits_;
    if (!found) return before != nullptr ? std::optional(Hyperparameters{before->logs, true}) : std::nullopt;
    likelihoods_ += static_cast<std::uint64_t>(found->evaluations);
    std::erase_if(models_, [&](const Model& model) { return model.parent == parent && model.shape == shape; });
    if (models_.size() == remembered) models_.erase(models_.begin());
    models_.push_back({parent, shape, std::move(seen), found->log_parameters});
    return Hyperparameters{found->log_parameters};
}

}  // namespace stemma::gp
