#include "trainer/torch/networks/network_problem.hpp"

#include <cmath>

#include "core/rng.hpp"
#include "platform/user_path.hpp"
#include "trainer/torch/data/text_data.hpp"
#include "trainer/torch/device.hpp"
#include "trainer/torch/hypergradient/start.hpp"

namespace stemma {

NetworkProblem::NetworkProblem(const TorchSettings& settings, const Data& data, torch::Device device,
                               const TrainRequest& request)
    : Problem(read_hyperparameters(request.configuration, settings.fixed, settings.model)),
      settings_(settings),
      device_(device),
      data_(data.text() ? in_streams(data, hyperparameters_.batch_size) : data),
      generator_(make_generator(torch::kCPU)) {
    hyperparameters_.module = placed_path(hyperparameters_.module, settings.folder);
    if (hyperparameters_.batch_norm && std::min(hyperparameters_.batch_size, data.train.size()) < 2) {
        throw Infeasible("batch_norm needs batches of at least two rows; batch_size is " +
                         std::to_string(hyperparameters_.batch_size));
    }
    // Weights are drawn on the CPU, so that a member starts with the same weights on every device.
    seed(derive_seed(request.seed, Purpose::training, 0));
    const auto& moving = settings_.hypergradient;
    const bool clips = moving && with_clip(*moving, hyperparameters_).gradient_clip > 0;
    const Kernels kernels{.fused = settings_.fused,
                          .twice = moving && uses_validation(moving->variant),
                          .by_hand = settings_.precision == "float32" && !clips};
    network_ = make_network(settings_.model, {data_, hyperparameters_, kernels, generator_});
    network_->to(device_);
    if (!device_.is_cpu()) generator_ = make_generator(device_);
}

Batches NetworkProblem::batches() const {
    return {.size = data_.text() ? hyperparameters_.sequence : hyperparameters_.batch_size,
            .shuffled = !data_.text(),
            // For batch norm, which a module of the user may have, too.
            .single_rows = !hyperparameters_.batch_norm && !torch_model(settings_.model).has("module"),
            .rows_on = device_};
}

torch::Tensor NetworkProblem::loss_on(const Rows& rows, const torch::Tensor& numbers, torch::Tensor& state) {
    const auto x = data_.input(rows.x.index_select(0, numbers));
    const auto y = rows.y.index_select(0, numbers);
    const Autocast autocast(settings_.precision == "bf16", device_);
    return loss_of(network_->forward_from(state, x), y);
}

torch::Tensor NetworkProblem::loss_of(const torch::Tensor& output, const torch::Tensor& target) const {
    const auto full = output.to(torch::kFloat32);
    if (data_.classes > 0) return torch::nll_loss(torch::log_softmax(full, 1), target.flatten());
    return torch::mse_loss(full.squeeze(1), target);
}

/// In training mode, as for the update. Running statistics already include the batch.
std::unique_ptr<Curvature> NetworkProblem::curvature(const torch::Tensor& rows) {
    if (settings_.precision != "float32") return nullptr;
    return network_->curvature(data_.input(data_.train.x.index_select(0, rows)), data_.train.y.index_select(0, rows));
}

std::array<double, 2> NetworkProblem::measure(const Rows& rows) {
    constexpr std::int64_t chunk = 500;  // small enough for a CPU's cache, large enough for a GPU
    const std::int64_t step = data_.text() ? hyperparameters_.sequence : device_.is_cpu() ? chunk : 10 * chunk;
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

std::vector<double> NetworkProblem::evaluate(double train_loss) {
    const auto valid = measure(data_.valid);
    const auto test = measure(data_.test);
    return {valid[0], valid[1], test[0], test[1], train_loss};
}

}  // namespace stemma
