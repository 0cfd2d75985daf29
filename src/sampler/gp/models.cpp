#include "sampler/gp/models.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace stemma::gp {
namespace {

constexpr std::size_t remembered = 64;

class FitOfTask final : public ModelFit {
public:
    explicit FitOfTask(FitTask task) : task_(std::move(task)) {}
    std::vector<double> run() const override {
        const auto found = task_.run();
        if (!found) return {};
        return {found->log_parameters.begin(), found->log_parameters.end()};
    }

private:
    FitTask task_;
};

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

void Models::remember(Model model) {
    std::erase_if(models_, [&](const Model& old) { return old.parent == model.parent && old.shape == model.shape; });
    if (models_.size() == remembered) models_.erase(models_.begin());
    models_.push_back(std::move(model));
}

bool Models::want(Pending pending, std::shared_ptr<const ModelFit> fit) {
    const bool under_way = std::ranges::any_of(
        pending_, [&](const Pending& other) { return other.parent == pending.parent && other.shape == pending.shape; });
    if (under_way || pending_.size() == remembered) return false;
    wanted_.push_back({next_fit_++, std::move(fit)});
    pending_.push_back(std::move(pending));
    return true;
}

void Models::fitted(std::uint64_t number, std::span<const double> logs) {
    const auto found = std::ranges::find(wanted_, number, &WantedFit::number);
    if (found == wanted_.end()) return;
    const auto place = pending_.begin() + (found - wanted_.begin());
    auto pending = std::move(*place);
    pending_.erase(place);
    wanted_.erase(found);
    ++fits_;
    if (static_cast<Eigen::Index>(logs.size()) != pending.shape.parameters()) return;  // the fit failed: wanted anew
    remember({pending.parent, pending.shape, std::move(pending.seen),
              Eigen::Map<const Vector>(logs.data(), pending.shape.parameters())});
}

FitTask Models::task(const Model* before, const Shape& shape, const Inputs& inputs, const Vector& targets) const {
    const bool many = static_cast<std::size_t>(inputs.size()) > settings_.refit_always;
    if (before == nullptr) {
        // With many data at once the cost must be bounded now. The next fits go on from here.
        auto starts = cold_starts(shape);
        if (many) starts.resize(1);
        return {shape, inputs, targets, std::move(starts),
                many ? 2 * settings_.warm_evaluations : settings_.cold_evaluations};
    }
    std::vector<Vector> starts{before->logs};
    // With few data the optimum moves far from one observation to the next.
    if (!many) starts.push_back(Prior(shape).mean);
    return {shape, inputs, targets, std::move(starts), settings_.warm_evaluations};
}

std::optional<Hyperparameters> Models::get(MemberId parent, const Shape& shape, const Inputs& inputs,
                                           const Vector& targets, std::vector<Seen> seen) {
    std::ranges::sort(seen);
    late_ = false;
    const auto* before = last(parent, shape);
    if (before != nullptr && !due(*before, seen)) return Hyperparameters{before->logs};

    auto task = this->task(before, shape, inputs, targets);
    if (settings_.fit_elsewhere && seen.size() > settings_.refit_always) {
        const bool asked_now =
            want({parent, shape, std::move(seen)}, std::make_shared<const FitOfTask>(std::move(task)));
        late_ = !asked_now || before == nullptr;
        return before != nullptr ? std::optional(Hyperparameters{before->logs}) : std::nullopt;
    }
    const auto found = task.run();
    ++fits_;
    if (!found) return before != nullptr ? std::optional(Hyperparameters{before->logs, true}) : std::nullopt;
    likelihoods_ += static_cast<std::uint64_t>(found->evaluations);
    remember({parent, shape, std::move(seen), found->log_parameters});
    return Hyperparameters{found->log_parameters};
}

}  // namespace stemma::gp
