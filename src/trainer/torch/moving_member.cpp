// The part of a member whose hyperparameters move during training.
#include <limits>

#include "trainer/torch/hypergradient/start.hpp"
#include "trainer/torch/member.hpp"

namespace stemma {
namespace {

constexpr std::size_t plain_metrics = 5;  ///< of torch_metrics(), before those of the trajectory

}  // namespace

torch::Tensor Member::moving_step(const torch::Tensor& batch) {
    OnePass::Batch one;
    one.train = [&] { return loss_on(data_.train, batch, state_); };
    one.other = [&] { return other_loss(); };
    one.recipe = [&] {
        OnePass::Recipe recipe{batch.clone(), generator_.get_state()};
        if (state_.defined()) recipe.push_back(state_);  // before the batch; the network puts another in its place
        return recipe;
    };
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

/// Of text, batches follow each other without a gap, so that a recurrent network's state goes on; it is cleared where
/// the walk begins again.
torch::Tensor Member::other_loss() {
    const bool validation = uses_validation(settings_.hypergradient->variant);
    const auto& other = validation ? data_.tune : data_.train;
    const auto number = data_.text() ? moving_->hyper_steps() : position_.step;
    const auto batches = (other.size() + batch_length_ - 1) / batch_length_;
    if (number % batches == 0) other_state_ = torch::Tensor();
    return loss_on(other, endless_batch(other.size(), number), other_state_);
}

torch::Tensor Member::endless_batch(std::int64_t rows, std::int64_t number) {
    const auto size = std::min(batch_length_, rows);
    auto batches = (rows + size - 1) / size;
    if (one_row_is_too_few() && batches > 1 && rows % size == 1) --batches;  // no batch of one row
    const auto epoch = number / batches;
    if (epoch != walk_epoch_ || walk_.size(0) != rows) {
        constexpr std::uint64_t walk = std::uint64_t{1} << 31U;  // apart from the order of training rows
        walk_ = order_of(rows, walk | static_cast<std::uint64_t>(epoch));
        walk_epoch_ = epoch;
    }
    const auto first = number % batches * size;
    return walk_.slice(0, first, std::min(first + size, rows));
}

/// In training mode, as the update was made; running statistics already have the batch.
std::unique_ptr<Curvature> Member::curvature_on(const torch::Tensor& batch) {
    if (settings_.precision != "float32") return nullptr;
    return network_->curvature(data_.input(data_.train.x.index_select(0, batch)), data_.train.y.index_select(0, batch));
}

bool Member::metrics_due() const {
    if (!at_epoch_end() || moving_ == nullptr) return at_epoch_end();
    const auto interval = settings_.hypergradient->interval;
    return data_.train.size() >= interval * batch_length_ || position_.step % interval == 0;
}

std::unique_ptr<Curvature> Member::again(const OnePass::Recipe& recipe) {
    const auto batch = recipe.at(0).to(device_);
    if (auto own = moving_->settings().gradient_clip == 0 ? curvature_on(batch) : nullptr) return own;
    generator_.set_state(recipe.at(1));
    auto state = recipe.size() > 2 ? recipe[2].to(device_) : torch::Tensor();
    if (data_.text() && state.defined() && state.size(2) != hyperparameters_.batch_size)
        throw Infeasible("batch_size cannot change between two hyper-steps of a member that reads text");
    return moving_->again(network_->buffers(), [&] { return loss_on(data_.train, batch, state); });
}

std::vector<double> Member::trajectory_point() const { return trajectory_row(position_.step, moving_->values()); }

}  // namespace stemma
