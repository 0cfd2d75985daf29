#include "trainer/torch/member.hpp"

#include <cmath>
#include <numeric>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "trainer/torch/data/text_data.hpp"
#include "trainer/torch/device.hpp"
#include "trainer/torch/hypergradient/start.hpp"
#include "trainer/torch/optimizer.hpp"
#include "trainer/torch/schedule.hpp"
#include "trainer/torch/state.hpp"

namespace stemma {

Member::Member(const TorchSettings& settings, const Data& data, torch::Device device,
               const Hyperparameters& hyperparameters, const HyperStart* moving, MemberId id, std::uint64_t seed)
    : settings_(settings),
      device_(device),
      hyperparameters_(hyperparameters),
      data_(data.text() ? in_streams(data, hyperparameters.batch_size) : data),
      batch_length_(data.text() ? hyperparameters.sequence : hyperparameters.batch_size),
      id_(id),
      seed_(seed),
      generator_(make_generator(torch::kCPU)) {
    if (hyperparameters.batch_norm && std::min(hyperparameters.batch_size, data.train.size()) < 2) {
        throw Infeasible("batch_norm needs batches of at least two rows; batch_size is " +
                         std::to_string(hyperparameters.batch_size));
    }
    // Weights are drawn on the CPU, so that a member starts alike on every device.
    generator_.set_current_seed(derive_seed(seed_, Purpose::training, 0));
    const Kernels kernels{.fused = settings_.fused, .twice = moving != nullptr};
    network_ = make_network(settings_.model, data_, hyperparameters_, kernels, generator_);
    network_->to(device_);
    if (!device_.is_cpu()) generator_ = make_generator(device_);
    if (moving != nullptr) {
        moving_ = std::make_unique<OnePass>(network_->parameters(), hyperparameters_.optimiser, hyperparameters_.eps,
                                            hyperparameters_.amsgrad, *moving,
                                            with_clip(*settings_.hypergradient, hyperparameters_), seed_);
    } else {
        optimiser_ = make_optimiser(network_->parameters(), hyperparameters_);
    }
    loss_sum_ = torch::zeros({1}, torch::TensorOptions().dtype(torch::kFloat64).device(device_));
}

void Member::load(const Snapshot& snapshot, bool with_optimiser, bool adopted) {
    load_module(*network_, snapshot);
    if (moving_ != nullptr) {
        OnePass::Again taken_again;
        if (!adopted) taken_again = [&](const OnePass::Recipe& recipe) { return again(recipe); };
        moving_->load(snapshot, with_optimiser, taken_again);
    } else if (with_optimiser) {
        new_moments_ = !load_optimiser(*optimiser_, hyperparameters_.optimiser, snapshot);
    }
    auto position = torch::zeros({4}, torch::kInt64);
    restore_tensor(position, "training/position", snapshot);
    const auto* values = position.data_ptr<std::int64_t>();
    position_ = {values[0], values[1], values[2]};
    loss_rows_ = values[3];
    restore_tensor(loss_sum_, "training/loss", snapshot);
    load_states(snapshot);
    if (position_.row < 0 || position_.row >= data_.train.size() || position_.epoch < 0) {
        throw DecodeError("the snapshot's position is outside the training rows: it is of another data set");
    }
}

std::string Member::note() const {
    if (moving_ != nullptr) return moving_->values().acted();
    return new_moments_ ? "the parent had another optimiser: new moments" : "";
}

void Member::load_states(const Snapshot& snapshot) {
    const auto load = [&](const char* name, torch::Tensor& state) {
        if (snapshot.find(name) != nullptr) state = load_tensor(snapshot, name, torch::kFloat32).to(device_);
        return !state.defined() || state.size(2) == hyperparameters_.batch_size;
    };
    // A child with another number of streams: row n is another place in the text, so the pass begins anew.
    if (!load("training/state", state_)) position_.row = 0;
    if (!load("training/other_state", other_state_)) other_state_ = torch::Tensor();
}

Snapshot Member::save() {
    Snapshot snapshot;
    snapshot.reserve(4 * parameter_bytes(*network_));  // weights and at most three moments each
    save_module(*network_, snapshot);
    if (moving_ != nullptr) {
        moving_->save(snapshot);
    } else {
        save_optimiser(*optimiser_, hyperparameters_.optimiser, snapshot);
    }
    save_tensor(torch::tensor({position_.step, position_.epoch, position_.row, loss_rows_}, torch::kInt64),
                "training/position", snapshot);
    save_tensor(loss_sum_, "training/loss", snapshot);
    if (state_.defined() && position_.row > 0) save_tensor(state_, "training/state", snapshot);
    if (other_state_.defined()) save_tensor(other_state_, "training/other_state", snapshot);
    return snapshot;
}

void Member::train_unit() {
    network_->train();
    const bool epochs = settings_.unit == "epoch";
    const auto unit = static_cast<std::uint64_t>((epochs ? position_.epoch : position_.step) + 1);
    generator_.set_current_seed(derive_seed(seed_, Purpose::training, 0, unit));
    do {
        step();
    } while (epochs && !at_epoch_end());
}

void Member::begin_epoch() { order_ = order_of(data_.train.size(), static_cast<std::uint64_t>(position_.epoch)); }

torch::Tensor Member::order_of(std::int64_t rows, std::uint64_t key) const {
    std::vector<std::int64_t> order(static_cast<std::size_t>(rows));
    std::iota(order.begin(), order.end(), std::int64_t{0});
    if (!data_.text()) {
        Stream stream(settings_.run_seed, Purpose::data_order, id_.value, key);
        for (auto left = order.size(); left > 1; --left) std::swap(order[left - 1], order[stream.below(left)]);
    }
    return torch::tensor(order, torch::kInt64).to(device_);
}

/// For batch norm, which a module of the user's own may have, too.
bool Member::one_row_is_too_few() const { return hyperparameters_.batch_norm || settings_.model == "torchscript"; }

/// The last batch of an epoch takes what is left; a single row that batch norm could not bear is left out with it.
std::int64_t Member::batch_rows() const {
    const auto left = data_.train.size() - position_.row;
    const auto rows = std::min(batch_length_, left);
    return one_row_is_too_few() && left - rows == 1 ? rows + 1 : rows;
}

void Member::step() {
    if (!order_.defined()) begin_epoch();
    if (position_.row == 0) {
        state_ = torch::Tensor();
        loss_sum_.zero_();
        loss_rows_ = 0;
    }
    const auto rows = batch_rows();
    const auto batch = order_.slice(0, position_.row, position_.row + rows);
    const auto loss = moving_ != nullptr ? moving_step(batch) : plain_step(batch);

    loss_sum_.add_(loss, static_cast<double>(rows));
    loss_rows_ += rows;
    ++position_.step;
    position_.row += rows;
    if (position_.row < data_.train.size()) return;
    position_.row = 0;
    ++position_.epoch;
    order_ = torch::Tensor();
}

torch::Tensor Member::loss_on(const Rows& rows, const torch::Tensor& index, torch::Tensor& state) {
    const auto x = data_.input(rows.x.index_select(0, index));
    const auto y = rows.y.index_select(0, index);
    const Autocast autocast(settings_.precision == "bf16", device_);
    return loss_of(network_->forward_from(state, x), y);
}

torch::Tensor Member::plain_step(const torch::Tensor& batch) {
    const auto n = static_cast<double>(data_.train.size());
    const bool epochs = settings_.unit == "epoch";
    const double trained = epochs ? static_cast<double>(position_.epoch) + static_cast<double>(position_.row) / n
                                  : static_cast<double>(position_.step);
    const double length = epochs ? static_cast<double>(batch.size(0)) / n : 1;
    set_learning_rate(*optimiser_, hyperparameters_.lr * schedule_factor(hyperparameters_, trained, length));
    optimiser_->zero_grad();
    const auto loss = loss_on(data_.train, batch, state_);
    loss.backward();
    clip_gradients(network_->parameters(), hyperparameters_.gradient_clip);
    optimiser_->step();
    return loss.detach();
}

torch::Tensor Member::loss_of(const torch::Tensor& output, const torch::Tensor& target) const {
    const auto full = output.to(torch::kFloat32);
    if (data_.classes > 0) return torch::nll_loss(torch::log_softmax(full, 1), target.flatten());
    return torch::mse_loss(full.squeeze(1), target);
}

std::vector<double> Member::evaluate(const Rows& rows) {
    constexpr std::int64_t chunk = 500;  // small enough for a CPU's cache, large enough for a GPU
    const std::int64_t step = data_.text() ? batch_length_ : device_.is_cuda() ? 10 * chunk : chunk;
    torch::Tensor state;
    auto sums = torch::zeros({2}, torch::TensorOptions().dtype(torch::kFloat64).device(device_));
    for (std::int64_t first = 0; first < rows.size(); first += step) {
        const auto last = std::min(first + step, rows.size());
        const auto target = rows.y.slice(0, first, last);
        torch::Tensor output;
        {
            const Autocast autocast(settings_.precision == "bf16", device_);
            output = network_->forward_from(state, data_.input(rows.x.slice(0, first, last)));
        }
        sums[0].add_(loss_of(output, target), static_cast<double>(last - first));
        if (data_.classes > 0 && !data_.text()) sums[1].add_(output.argmax(1).eq(target).sum());
    }
    const auto host = (sums / static_cast<double>(rows.size())).to(torch::kCPU);
    const double loss = host[0].item<double>();
    if (data_.text()) return {loss, std::exp(loss)};
    if (data_.classes > 0) return {loss, host[1].item<double>()};
    return {loss, std::sqrt(loss) * data_.target_scale};
}

std::vector<double> Member::evaluate() {
    const torch::NoGradGuard no_grad;
    network_->eval();
    auto values = evaluate(data_.valid);
    const auto test = evaluate(data_.test);
    values.insert(values.end(), test.begin(), test.end());
    values.push_back(loss_sum_.item<double>() / static_cast<double>(std::max<std::int64_t>(loss_rows_, 1)));
    if (moving_ != nullptr) {
        const auto point = trajectory_point();
        values.insert(values.end(), point.begin(), point.end());
    }
    return values;
}

}  // namespace stemma
