// The part of a member whose hyperparameters move during training.
#include <limits>
#include <numeric>

#include "core/rng.hpp"
#include "trainer/torch/hypergradient/start.hpp"
#include "trainer/torch/member.hpp"

namespace stemma {
namespace {

constexpr std::size_t plain_metrics = 5;  ///< of torch_metrics(), before those of the trajectory

}  // namespace

torch::Tensor Member::moving_step(const torch::Tensor& batch) {
    const bool validation = uses_validation(settings_.hypergradient->variant);
    const auto& other = validation ? data_.tune : data_.train;
    OnePass::Batch one;
    one.train = [&] { return loss_on(data_.train, batch); };
    one.other = [&] { return loss_on(other, endless_batch(other.size(), position_.step)); };
    one.recipe = [&] { return OnePass::Recipe{batch.clone(), generator_.get_state()}; };
    one.curvature = [&] { return curvature_on(batch); };
    const auto loss = moving_->update(one);
    if (moving_->stepped() && moving_->hyper_steps() % settings_.hypergradient->log_every == 0) {
        std::vector<double> row(plain_metrics, std::numeric_limits<double>::quiet_NaN());
        const auto point = trajectory_point();
        row.insert(row.end(), point.begin(), point.end());
        row[plain_metrics] += 1;  // the update at hand is counted after it
        trajectory_.push_back(std::move(row));
    }
    return loss;
}

torch::Tensor Member::endless_batch(std::int64_t rows, std::int64_t step) {
    const auto size = std::min(hyperparameters_.batch_size, rows);
    auto batches = (rows + size - 1) / size;
    if (hyperparameters_.batch_norm && batches > 1 && rows % size == 1) --batches;  // no batch of one row
    const auto epoch = step / batches;
    if (epoch != walk_epoch_ || walk_.size(0) != rows) {
        std::vector<std::int64_t> order(static_cast<std::size_t>(rows));
        std::iota(order.begin(), order.end(), std::int64_t{0});
        constexpr std::uint64_t walk = std::uint64_t{1} << 31U;  // apart from the order of training rows
        Stream stream(settings_.run_seed, Purpose::data_order, id_.value, walk | static_cast<std::uint64_t>(epoch));
        for (auto left = order.size(); left > 1; --left) std::swap(order[left - 1], order[stream.below(left)]);
        walk_ = torch::tensor(order, torch::kInt64).to(device_);
        walk_epoch_ = epoch;
    }
    const auto first = step % batches * size;
    return walk_.slice(0, first, std::min(first + size, rows));
}

/// In training mode, as the update was made; running statistics already have the batch.
std::unique_ptr<Curvature> Member::curvature_on(const torch::Tensor& batch) {
    if (settings_.precision != "float32") return nullptr;
    return network_->curvature(as_input(data_.train.x.index_select(0, batch)), data_.train.y.index_select(0, batch));
}

bool Member::metrics_due() const {
    if (!at_epoch_end() || moving_ == nullptr) return at_epoch_end();
    const auto interval = settings_.hypergradient->interval;
    return data_.train.size() >= interval * hyperparameters_.batch_size || position_.step % interval == 0;
}

std::unique_ptr<Curvature> Member::again(const OnePass::Recipe& recipe) {
    const auto batch = recipe.at(0).to(device_);
    if (auto own = settings_.hypergradient->gradient_clip == 0 ? curvature_on(batch) : nullptr) return own;
    generator_.set_state(recipe.at(1));
    return moving_->again(network_->buffers(), [&] { return loss_on(data_.train, batch); });
}

std::vector<double> Member::trajectory_point() const { return trajectory_row(position_.step, moving_->values()); }

}  // namespace stemma
