#pragma once
// Training code of your own on LibTorch. Installed as <stemma_torch.hpp>; link Stemma::torch beside Stemma::task or
// Stemma::main.
//
// You own the steps: derive from Trainer, and keep modules and optimizers in snapshots with save_module(),
// load_module(), save_optimizer(), load_optimizer() and save_tensor(); classify() names what an exception means.
// We own the loop: write a struct with a model, its loss and its metrics, and offer loop<YourTask>("name").

#include <torch/torch.h>

#include <concepts>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "trainer/task/task.hpp"
#include "trainer/torch/classify.hpp"
#include "trainer/torch/device.hpp"
#include "trainer/torch/optimizer.hpp"
#include "trainer/torch/state.hpp"
#include "trainer/torch/training_loop.hpp"
#include "trainer/torch_library/hyperparameters.hpp"

namespace stemma {

/// What loop() needs of a task; `Model` derives from torch::nn::Module.
template <class T>
concept LoopTask = std::constructible_from<T, const TaskContext&> &&
    requires(T task, const NamedConfiguration& configuration, typename T::Model& model, torch::Tensor rows) {
    { T::metrics_of_task() } -> std::convertible_to<std::vector<MetricInfo>>;
    /// A new model; its weights from LibTorch's global generator, which is seeded by the member.
    { task.model(configuration) } -> std::convertible_to<std::shared_ptr<typename T::Model>>;
    /// How many rows there are to train on.
    { task.rows() } -> std::convertible_to<std::int64_t>;
    /// Mean loss of a batch: `rows` are numbers of rows, int64, on the CPU. sent(rows, device) takes them to data on a
    /// GPU without waiting for it.
    { task.loss(model, rows) } -> std::convertible_to<torch::Tensor>;
    /// The metrics, in order; called without gradients and in evaluation mode.
    { task.evaluate(model) } -> std::convertible_to<std::vector<double>>;
};

/// A LoopTask in which hyperparameters can move by hypergradients of a validation loss. This is the mean loss of a
/// batch of rows that neither training nor evaluate() should see.
template <class T>
concept TunedTask = LoopTask<T> && requires(T task, typename T::Model& model, torch::Tensor rows) {
    { task.validation_rows() } -> std::convertible_to<std::int64_t>;
    { task.validation_loss(model, rows) } -> std::convertible_to<torch::Tensor>;
};

/// A member of a LoopTask, as the training loop sees it.
template <LoopTask T>
class TaskProblem final : public Problem {
public:
    TaskProblem(T& task, const TaskContext& context, const TrainRequest& request)
        : Problem(read_hyperparameters(request.configuration, {})), task_(task), device_(context.device) {
        const std::lock_guard alone(seeding());  // the weights must not depend on other trainers of this process
        torch::manual_seed(derive_seed(request.seed, Purpose::training, 0));
        model_ = task_.model(request.configuration);
        model_->to(device_);
    }

    torch::nn::Module& model() override { return *model_; }
    torch::Device device() const override { return device_; }
    Batches batches() const override { return {.size = hyperparameters_.batch_size, .single_rows = false}; }
    std::int64_t rows() const override { return task_.rows(); }
    torch::Tensor loss(const torch::Tensor& rows, torch::Tensor&) override {
        return task_.loss(*model_, rows).reshape({});
    }
    std::int64_t tune_rows() const override {
        if constexpr (TunedTask<T>) return task_.validation_rows();
        return 0;
    }
    torch::Tensor tune_loss(const torch::Tensor& rows, torch::Tensor&) override {
        if constexpr (TunedTask<T>) return task_.validation_loss(*model_, rows).reshape({});
        unreachable("LoopTrainer's constructor refuses a variant that asks for it");
    }
    std::vector<double> evaluate(double) override {
        const std::vector<double> values = task_.evaluate(*model_);
        const auto wanted = T::metrics_of_task().size();
        if (values.size() == wanted) return values;
        throw UserError("the task's evaluate() gives " + std::to_string(values.size()) +
                        " numbers; its metrics_of_task() has " + std::to_string(wanted) + " metrics");
    }
    /// All of LibTorch's global generators are seeded; this one draws a model's dropout.
    at::Generator generator() override { return default_generator(device_); }
    void seed(std::uint64_t seed) override {
        const std::lock_guard alone(seeding());
        torch::manual_seed(seed);
    }

private:
    T& task_;
    torch::Device device_;
    std::shared_ptr<typename T::Model> model_;
};

/// Trains a LoopTask by the loop of trainer.type = "torch" (training_loop.hpp), with its optimizers, hyperparameters
/// and learning rate schedules, in epochs or steps. The hyperparameters (lr, optimizer, momentum, batch_size, schedule,
/// ...) are in docs/job-reference.md, "trainer". Weights and dropout follow from the member's seed and the unit. The
/// order of rows follows from the run's seed, the member and the epoch. A last batch of one row, which batch norm does
/// not allow, joins the batch before it. LibTorch's global generators are used. Results are therefore reproducible with
/// one worker a process (as under MPI), or without dropout. Hyperparameters of the update with role = "hypergradient"
/// move ([trainer.hypergradient]). Variants that take a validation loss want a TunedTask.
template <LoopTask T>
class LoopTrainer final : public Trainer {
public:
    static std::vector<MetricInfo> metrics_of_task() { return T::metrics_of_task(); }
    static std::vector<MetricInfo> moving_metrics() { return stemma::moving_metrics(); }

    /// Throws UserError when there are no rows, or no validation loss for a variant that takes it.
    explicit LoopTrainer(const TaskContext& context) : context_(context), task_(context) {
        if (task_.rows() < 1) throw UserError("the task's rows() gives no row to train on");
        if (!context.hypergradient) return;
        for (auto& metric : moving_metrics()) metrics_.push_back(std::move(metric));
        const auto& variant = context.hypergradient->variant;
        if (!uses_validation(variant)) return;
        const auto wanted = "trainer.hypergradient.variant = \"" + variant + "\": the task";
        if constexpr (TunedTask<T>) {
            if (task_.validation_rows() < 1) throw UserError(wanted + "'s validation_rows() gives no row");
        } else {
            throw UserError(wanted + " has no validation_rows() and validation_loss()");
        }
    }

    std::span<const MetricInfo> metrics() const override { return metrics_; }
    std::string describe() const override { return "task on " + context_.device; }

    TrainResult train(const TrainRequest& request) override {
        const LoopSettings settings{.unit = context_.unit,
                                    .run_seed = context_.run_seed,
                                    .threads = static_cast<int>(context_.threads),
                                    .device = torch::Device(context_.device),
                                    .hypergradient = context_.hypergradient};
        return train_member(settings, metrics_, request,
                            [&] { return std::make_unique<TaskProblem<T>>(task_, context_, request); });
    }

private:
    TaskContext context_;
    T task_;
    std::vector<MetricInfo> metrics_ = T::metrics_of_task();
};

/// For stemma::main() or TaskLibrary::offer().
template <LoopTask T>
Task loop(std::string name, std::optional<std::vector<std::string>> can_change = {}) {
    return trainer<LoopTrainer<T>>(std::move(name), std::move(can_change));
}

}  // namespace stemma
