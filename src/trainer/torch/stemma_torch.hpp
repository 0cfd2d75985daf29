#pragma once
// Training code of your own on LibTorch. Installed as <stemma_torch.hpp>; link Stemma::torch beside Stemma::task or
// Stemma::main.
//
// You own the steps: derive from Trainer, and keep modules and optimisers in snapshots with save_module(),
// load_module(), save_optimiser(), load_optimiser() and save_tensor(); classify() names what an exception means.
// We own the loop: write a struct with a model, its loss and its metrics, and offer loop<YourTask>("name").

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "trainer/task/task.hpp"
#include "trainer/torch/classify.hpp"
#include "trainer/torch/hyperparameters.hpp"
#include "trainer/torch/moving_loop.hpp"
#include "trainer/torch/optimizer.hpp"
#include "trainer/torch/schedule.hpp"
#include "trainer/torch/state.hpp"

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
    /// Mean loss of a batch: `rows` are numbers of rows, int64.
    { task.loss(model, rows) } -> std::convertible_to<torch::Tensor>;
    /// The metrics, in order; called without gradients and in evaluation mode.
    { task.evaluate(model) } -> std::convertible_to<std::vector<double>>;
};

/// A LoopTask in which hyperparameters can move by hypergradients of a validation loss: mean loss of a batch of rows
/// that neither training nor evaluate() should see.
template <class T>
concept TunedTask = LoopTask<T> && requires(T task, typename T::Model& model, torch::Tensor rows) {
    { task.validation_rows() } -> std::convertible_to<std::int64_t>;
    { task.validation_loss(model, rows) } -> std::convertible_to<torch::Tensor>;
};

/// Trains a LoopTask epoch by epoch with the optimisers, hyperparameters (lr, optimiser, momentum, batch_size,
/// schedule, ...; docs/job-reference.md, "trainer") and learning rate schedules of trainer.type = "torch". Weights,
/// order of rows and dropout follow from the member's seed and the epoch. LibTorch's global generator is used: for
/// numbers that are the same each time, one worker a process (as under MPI), or no dropout. Hyperparameters of the
/// update with role = "hypergradient" move ([trainer.hypergradient]); variants that take a validation loss want a
/// TunedTask.
template <LoopTask T>
class LoopTrainer final : public Trainer {
public:
    static std::vector<MetricInfo> metrics_of_task() { return T::metrics_of_task(); }

    explicit LoopTrainer(const TaskContext& context) : context_(context), task_(context) {
        if (context.unit != "epoch") throw UserError("trainer.unit: a loop's task counts epochs; remove it");
        if (!context.hypergradient) return;
        const auto& variant = context.hypergradient->variant;
        if (!TunedTask<T> && uses_validation(variant)) {
            throw UserError("trainer.hypergradient.variant = \"" + variant +
                            "\": the task has no validation_rows() and validation_loss()");
        }
        for (auto& metric : moving_metrics()) metrics_.push_back(std::move(metric));
    }

    static std::vector<MetricInfo> moving_metrics() { return MovingLoop::metrics(); }

    std::span<const MetricInfo> metrics() const override { return metrics_; }
    std::string describe() const override { return "task on " + context_.device; }

    TrainResult train(const TrainRequest& request) override {
        Resource reached = request.from;
        try {
            return run(request, reached);
        } catch (const InternalError&) {
            throw;
        } catch (const std::exception& error) {
            return classify(error, reached);
        }
    }

private:
    struct Member {
        Hyperparameters hyperparameters;
        std::shared_ptr<typename T::Model> model;
        std::unique_ptr<torch::optim::Optimizer> optimiser;  ///< or
        std::unique_ptr<MovingLoop> moving;
    };

    Member member_of(const TrainRequest& request) {
        torch::manual_seed(request.seed);
        Member member{read_hyperparameters(request.configuration, {}), task_.model(request.configuration), {}, {}};
        auto& model = *member.model;
        model.to(torch::Device(context_.device));
        member.moving = MovingLoop::make(context_.hypergradient, request.configuration, member.hyperparameters, model,
                                         request.seed, losses(model));
        if (member.moving == nullptr) {
            member.optimiser = make_optimiser(model.parameters(), member.hyperparameters);
        }
        if (request.start == nullptr) return member;
        load_module(model, *request.start);
        if (member.moving != nullptr) {
            model.train();
            member.moving->load(*request.start, request.adopted);
        } else {
            load_optimiser(*member.optimiser, member.hyperparameters.optimiser, *request.start);
        }
        const auto epoch = load_tensor(*request.start, "training/epoch", torch::kInt64).template item<std::int64_t>();
        if (epoch != request.from) throw DecodeError("the snapshot is trained to epoch " + std::to_string(epoch));
        return member;
    }

    LoopLosses losses(typename T::Model& model) {
        LoopLosses losses;
        losses.train = [this, &model](const torch::Tensor& rows) { return task_.loss(model, rows); };
        losses.other = losses.train;
        losses.other_rows = task_.rows();
        if constexpr (TunedTask<T>) {
            if (!context_.hypergradient || !uses_validation(context_.hypergradient->variant)) return losses;
            losses.other = [this, &model](const torch::Tensor& rows) { return task_.validation_loss(model, rows); };
            losses.other_rows = task_.validation_rows();
        }
        return losses;
    }

    void train_epoch(Member& member, std::uint64_t seed, Resource epoch) {
        torch::manual_seed(seed ^ (0x9E3779B97F4A7C15ULL * static_cast<std::uint64_t>(epoch)));
        member.model->train();
        const auto batches = torch::randperm(task_.rows(), torch::kInt64).split(member.hyperparameters.batch_size);
        const double step = 1 / static_cast<double>(batches.size());
        for (std::size_t i = 0; i < batches.size(); ++i) {
            if (member.moving != nullptr) {
                member.moving->step(batches[i]);
                continue;
            }
            const auto& h = member.hyperparameters;
            const double trained = static_cast<double>(epoch - 1) + static_cast<double>(i) * step;
            set_learning_rate(*member.optimiser, h.lr * schedule_factor(h, trained, step));
            member.optimiser->zero_grad();
            task_.loss(*member.model, batches[i]).backward();
            clip_gradients(member.model->parameters(), h.gradient_clip);
            member.optimiser->step();
        }
    }

    TrainResult run(const TrainRequest& request, Resource& reached) {
        at::set_num_threads(static_cast<int>(context_.threads));
        auto member = member_of(request);
        Trained trained;
        while (reached < request.to) {
            train_epoch(member, request.seed, reached + 1);
            evaluate(member, reached + 1, trained.rows);
            if (auto failure = nonfinite(trained.rows.back(), reached)) return *failure;
            ++reached;
            if (request.progress) request.progress(trained.rows.back());
            if (request.stop != nullptr && *request.stop) break;
        }
        trained.reached = reached;
        save_module(*member.model, trained.snapshot);
        if (member.moving != nullptr) {
            trained.note = member.moving->note();
            member.moving->save(trained.snapshot);
        } else {
            save_optimiser(*member.optimiser, member.hyperparameters.optimiser, trained.snapshot);
        }
        save_tensor(torch::full({1}, reached, torch::kInt64), "training/epoch", trained.snapshot);
        return trained;
    }

    /// The points of the trajectory within the epoch, and the metrics at its end.
    void evaluate(Member& member, Resource epoch, std::vector<MetricRow>& rows) {
        member.model->eval();
        const torch::NoGradGuard no_grad;
        auto values = task_.evaluate(*member.model);
        if (member.moving != nullptr) {
            const std::vector<double> nothing(values.size(), std::numeric_limits<double>::quiet_NaN());
            const auto with = [](std::vector<double> first, const std::vector<double>& then) {
                first.insert(first.end(), then.begin(), then.end());
                return first;
            };
            for (const auto& point : member.moving->take_trajectory()) rows.push_back({epoch, with(nothing, point)});
            values = with(std::move(values), member.moving->point());
        }
        rows.push_back({epoch, std::move(values)});
    }

    std::optional<TrainFailure> nonfinite(const MetricRow& row, Resource reached) const {
        for (std::size_t i = 0; i < row.values.size(); ++i) {
            if (metrics_[i].held_out || std::isfinite(row.values[i])) continue;
            return TrainFailure{FailureKind::nonfinite, "nonfinite", metrics_[i].name + " is not finite", reached};
        }
        return std::nullopt;
    }

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
