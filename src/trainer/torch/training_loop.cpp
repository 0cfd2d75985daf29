#include "trainer/torch/training_loop.hpp"

#include <cmath>
#include <limits>
#include <numeric>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "core/shuffle.hpp"
#include "trainer/torch/classify.hpp"
#include "trainer/torch/device.hpp"
#include "trainer/torch/device_update.hpp"
#include "trainer/torch/graphed_steps.hpp"
#include "trainer/torch/hypergradient/one_pass.hpp"
#include "trainer/torch/hypergradient/start.hpp"
#include "trainer/torch/lr_schedule.hpp"
#include "trainer/torch/optimizer.hpp"
#include "trainer/torch/state.hpp"

namespace stemma {
namespace {

/// One member in training: optimizer and position in the data.
class Loop {
public:
    /// Throws Infeasible, or DecodeError where the request's snapshot belongs to something else.
    Loop(const LoopSettings& settings, const TrainRequest& request, Problem& problem)
        : settings_(settings),
          problem_(problem),
          h_(problem.hyperparameters()),
          batches_(problem.batches()),
          id_(request.member),
          seed_(request.seed),
          loss_sum_(torch::zeros({1}, torch::TensorOptions().dtype(torch::kFloat64).device(problem.device()))) {
        problem_.model().train();
        const auto parameters = problem_.model().parameters();
        if (const auto start = hyper_start(settings.hypergradient, request.configuration, h_)) {
            moving_ = std::make_unique<OnePass>(parameters, h_.optimizer, h_.eps, h_.amsgrad, *start,
                                                with_clip(*settings.hypergradient, h_), seed_);
        } else {
            optimizer_ = make_optimizer(parameters, h_);
            if (settings.graphs) steps_ = graphed_steps();
        }
        if (request.start != nullptr) load(*request.start, request.adopted);
        if (resource() == request.from) return;
        throw DecodeError("the snapshot is trained to " + std::to_string(resource()) + ", the lease starts from " +
                          std::to_string(request.from));
    }

    /// `reached` is kept up to date for the handler of an exception.
    TrainResult train(const TrainRequest& request, std::span<const MetricInfo> metrics, Resource& reached) {
        Trained trained;
        for (bool last = false; !last; reached = resource()) {
            train_unit();
            for (const auto& point : std::exchange(trajectory_, {})) {
                std::vector<double> row(metrics.size() - point.size(), std::numeric_limits<double>::quiet_NaN());
                row.insert(row.end(), point.begin(), point.end());
                trained.rows.push_back({resource(), std::move(row)});
            }
            last = resource() == request.to || (request.stop != nullptr && request.stop->load());
            if (!epochs() && !last && !metrics_due()) continue;
            MetricRow row{resource(), evaluate()};
            if (auto failure = nonfinite(row, metrics, reached)) return std::move(*failure);
            trained.rows.push_back(std::move(row));
            if (request.progress) request.progress(trained.rows.back());
        }
        trained.reached = reached;
        trained.snapshot = save();
        trained.note = note();
        return trained;
    }

private:
    bool epochs() const { return settings_.unit == "epoch"; }
    Resource resource() const { return epochs() ? epoch_ : step_; }

    void train_unit() {
        problem_.model().train();
        problem_.seed(derive_seed(seed_, Purpose::training, 0, static_cast<std::uint64_t>(resource()) + 1));
        do {
            step();
        } while (epochs() && row_ != 0);
    }

    void step() {
        if (!order_.defined()) order_ = order_of(problem_.rows(), static_cast<std::uint64_t>(epoch_));
        if (row_ == 0) {
            state_ = torch::Tensor();
            loss_sum_.zero_();
            loss_rows_ = 0;
        }
        auto rows = std::min(batches_.size, problem_.rows() - row_);
        if (!batches_.single_rows && problem_.rows() - row_ - rows == 1) ++rows;
        const auto batch = order_.slice(0, row_, row_ + rows);
        const auto loss = moving_ != nullptr ? moving_step(batch) : plain_step(batch);

        loss_sum_.add_(loss, static_cast<double>(rows));
        loss_rows_ += rows;
        ++step_;
        row_ += rows;
        if (row_ < problem_.rows()) return;
        row_ = 0;
        ++epoch_;
        order_ = torch::Tensor();
    }

    /// One update of the weights by LibTorch's optimizer. Returns the batch's loss before the update.
    torch::Tensor plain_step(const torch::Tensor& batch) {
        const auto n = static_cast<double>(problem_.rows());
        const double trained =
            epochs() ? static_cast<double>(epoch_) + static_cast<double>(row_) / n : static_cast<double>(step_);
        const double length = epochs() ? static_cast<double>(batch.size(0)) / n : 1;
        set_learning_rate(*optimizer_, h_.lr * lr_schedule_factor(h_, trained, length));
        if (steps_ != nullptr && steps_->takes(batch.size(0))) return graphed_step(batch);
        optimizer_->zero_grad();
        const auto loss = backward(batch);
        optimizer_->step();
        return loss;
    }

    /// The loss of a batch, whose gradients are then added to the parameters'.
    torch::Tensor backward(const torch::Tensor& batch) {
        const auto loss = problem_.loss(batch, state_);
        loss.backward();
        clip_gradients(problem_.model().parameters(), h_.gradient_clip);
        return loss.detach();
    }

    torch::Tensor graphed_step(const torch::Tensor& batch) {
        if (!update_) update_.emplace(*optimizer_, h_.optimizer);
        update_->prepare();
        return steps_->run(batch);
    }

    /// Nothing where steps cannot be recorded. The state of a recurrent network is other memory in each step.
    std::unique_ptr<GraphedSteps> graphed_steps() {
        if (!batches_.shuffled || batches_.rows_on != problem_.device()) return nullptr;
        const auto make = [this] { return make_step_graph(problem_.device(), problem_.generator()); };
        if (make() == nullptr) return nullptr;
        return std::make_unique<GraphedSteps>(make, [this](const torch::Tensor& batch) {
            // Gradients stay where they are.
            for (const auto& parameter : problem_.model().parameters()) {
                if (parameter.grad().defined()) parameter.mutable_grad().zero_();
            }
            auto loss = backward(batch);
            update_->make();
            return loss;
        });
    }

    /// One update by rules that can be differentiated, and a hyper-step if one is due.
    torch::Tensor moving_step(const torch::Tensor& batch) {
        OnePass::Batch one;
        one.train = [&] { return problem_.loss(batch, state_); };
        one.other = [&] { return other_loss(); };
        one.recipe = [&] {
            OnePass::Recipe recipe{batch.clone(), problem_.generator().get_state()};
            if (state_.defined()) recipe.push_back(state_);  // before the batch, which replaces it
            return recipe;
        };
        one.curvature = [&] { return problem_.curvature(batch); };
        const auto loss = moving_->update(one);
        if (moving_->stepped() && moving_->hyper_steps() % settings_.hypergradient->log_every == 0)
            trajectory_.push_back(trajectory_row(step_ + 1, moving_->values()));  // the present update is counted later
        return loss;
    }

    /// The loss for hypergradients, on the next batch of an endless walk. Without shuffling, batches follow each other
    /// without a gap, so that a recurrent network's state goes on. The state is cleared where the walk begins again.
    torch::Tensor other_loss() {
        const bool tune = uses_validation(settings_.hypergradient->variant);
        const auto rows = tune ? problem_.tune_rows() : problem_.rows();
        const auto number = batches_.shuffled ? step_ : moving_->hyper_steps();
        if (number % ((rows + batches_.size - 1) / batches_.size) == 0) other_state_ = torch::Tensor();
        const auto batch = endless_batch(rows, number);
        return tune ? problem_.tune_loss(batch, other_state_) : problem_.loss(batch, other_state_);
    }

    /// The batch of this number in an endless walk. Depends only on the arguments.
    torch::Tensor endless_batch(std::int64_t rows, std::int64_t number) {
        const auto size = std::min(batches_.size, rows);
        auto batches = (rows + size - 1) / size;
        if (!batches_.single_rows && batches > 1 && rows % size == 1) --batches;  // no batch of one row
        if (std::exchange(walk_epoch_, number / batches) != number / batches) {
            constexpr std::uint64_t walk = std::uint64_t{1} << 31U;  // apart from the order of training rows
            walk_ = order_of(rows, walk | static_cast<std::uint64_t>(walk_epoch_));
        }
        const auto first = number % batches * size;
        return walk_.slice(0, first, std::min(first + size, rows));
    }

    /// Row numbers in the order of a pass: shuffled by `key`, or ascending.
    torch::Tensor order_of(std::int64_t rows, std::uint64_t key) const {
        std::vector<std::int64_t> order(static_cast<std::size_t>(rows));
        std::iota(order.begin(), order.end(), std::int64_t{0});
        if (batches_.shuffled) {
            Stream stream(settings_.run_seed, Purpose::data_order, id_.value, key);
            shuffle(order, stream);
        }
        return sent(torch::tensor(order, torch::kInt64), batches_.rows_on);
    }

    /// With unit "step". Where epochs are shorter than the interval between hyper-steps, not after each epoch.
    bool metrics_due() const {
        if (row_ != 0 || moving_ == nullptr) return row_ == 0;
        const auto interval = settings_.hypergradient->interval;
        return problem_.rows() >= interval * batches_.size || step_ % interval == 0;
    }

    /// Waits for the device; does not change the member.
    std::vector<double> evaluate() {
        const torch::NoGradGuard no_grad;
        problem_.model().eval();
        const auto loss_rows = static_cast<double>(std::max<std::int64_t>(loss_rows_, 1));
        auto values = problem_.evaluate(loss_sum_.item<double>() / loss_rows);
        if (moving_ == nullptr) return values;
        const auto point = trajectory_row(step_, moving_->values());
        values.insert(values.end(), point.begin(), point.end());
        return values;
    }

    std::optional<TrainFailure> nonfinite(const MetricRow& row, std::span<const MetricInfo> metrics,
                                          Resource reached) const {
        for (std::size_t index = 0; index < row.values.size(); ++index) {
            if (metrics[index].held_out || std::isfinite(row.values[index])) continue;  // a test metric decides nothing
            auto text = metrics[index].name + " is " + std::to_string(row.values[index]) + " at " +
                        std::to_string(row.resource) + " " + settings_.unit + "s";
            if (const auto more = note(); !more.empty()) text += "; " + more;
            return TrainFailure{FailureKind::nonfinite, "nonfinite", std::move(text), reached};
        }
        return std::nullopt;
    }

    /// The effects of settings beyond the paper on hypergradients, or that the parent had another optimizer. Waits for
    /// the device.
    std::string note() const {
        if (moving_ != nullptr) return moving_->values().acted();
        return new_moments_ ? "the parent had another optimizer: new moments" : "";
    }

    Snapshot save() {
        Snapshot snapshot;
        snapshot.reserve(4 * parameter_bytes(problem_.model()));  // weights and at most three moments each
        save_module(problem_.model(), snapshot);
        if (moving_ != nullptr) {
            moving_->save(snapshot);
        } else {
            save_optimizer(*optimizer_, h_.optimizer, snapshot);
        }
        save_tensor(torch::tensor({step_, epoch_, row_, loss_rows_}, torch::kInt64), "training/position", snapshot);
        save_tensor(loss_sum_, "training/loss", snapshot);
        if (state_.defined() && row_ > 0) save_tensor(state_, "training/state", snapshot);
        if (other_state_.defined()) save_tensor(other_state_, "training/other_state", snapshot);
        return snapshot;
    }

    /// `adopted`: the snapshot is a parent's. Its unfinished hypergradient window is discarded, because this member
    /// would make other updates.
    void load(const Snapshot& snapshot, bool adopted) {
        const bool moments = settings_.inherit_optimizer || !adopted;
        load_module(problem_.model(), snapshot);
        if (moving_ != nullptr) {
            OnePass::Again taken_again;
            if (!adopted) taken_again = [&](const OnePass::Recipe& recipe) { return again(recipe); };
            moving_->load(snapshot, moments, taken_again);
        } else if (moments) {
            new_moments_ = !load_optimizer(*optimizer_, h_.optimizer, snapshot);
        }
        auto position = torch::zeros({4}, torch::kInt64);
        restore_tensor(position, "training/position", snapshot);
        const auto* values = position.data_ptr<std::int64_t>();
        step_ = values[0], epoch_ = values[1], row_ = values[2], loss_rows_ = values[3];
        restore_tensor(loss_sum_, "training/loss", snapshot);
        // A child with another number of streams begins the pass anew, because row n is another place in the text.
        if (!load_state(snapshot, "training/state", state_)) row_ = 0;
        if (!load_state(snapshot, "training/other_state", other_state_)) other_state_ = torch::Tensor();
        if (row_ < 0 || row_ >= problem_.rows() || epoch_ < 0)
            throw DecodeError("the snapshot's position is outside the training rows: it is of another data set");
    }

    /// Returns whether the state, if any, has as many streams as this member.
    bool load_state(const Snapshot& snapshot, const char* name, torch::Tensor& state) const {
        if (snapshot.find(name) != nullptr) state = load_tensor(snapshot, name, torch::kFloat32).to(problem_.device());
        return !state.defined() || state.size(2) == h_.batch_size;
    }

    std::unique_ptr<Curvature> again(const OnePass::Recipe& recipe) {
        const auto batch = recipe.at(0).to(batches_.rows_on);
        problem_.generator().set_state(recipe.at(1));
        auto state = recipe.size() > 2 ? recipe[2].to(problem_.device()) : torch::Tensor();
        if (state.defined() && state.size(2) != h_.batch_size)
            throw Infeasible("batch_size cannot change between two hyper-steps of a member that reads text");
        return OnePass::again(problem_.model().buffers(), [&] {
            auto own = moving_->settings().gradient_clip == 0 ? problem_.curvature(batch) : nullptr;
            return own != nullptr ? std::move(own) : moving_->by_autograd(problem_.loss(batch, state));
        });
    }

    const LoopSettings& settings_;
    Problem& problem_;
    const Hyperparameters& h_;
    const Batches batches_;
    MemberId id_;
    std::uint64_t seed_;
    std::unique_ptr<torch::optim::Optimizer> optimizer_;  ///< or
    std::unique_ptr<OnePass> moving_;
    std::unique_ptr<GraphedSteps> steps_;          ///< with the former, where steps are recorded
    std::optional<DeviceUpdate> update_;           ///< of steps_
    bool new_moments_ = false;                     ///< the snapshot had those of another optimizer
    std::vector<std::vector<double>> trajectory_;  ///< since the last row of metrics
    std::int64_t step_ = 0, epoch_ = 0;
    std::int64_t row_ = 0;          ///< first of the current epoch's order that has not been trained on
    torch::Tensor order_;           ///< of the rows in the current epoch; undefined before its first step
    std::int64_t walk_epoch_ = -1;  ///< whose order is walk_
    torch::Tensor walk_;
    torch::Tensor loss_sum_;  ///< float64 [1] on the device, over the rows of the last epoch begun: no step waits
    std::int64_t loss_rows_ = 0;
    torch::Tensor state_;        ///< of a recurrent network, in the middle of a pass through the training rows
    torch::Tensor other_state_;  ///< state of a recurrent network in the rows of the hypergradient
};

}  // namespace

std::unique_ptr<Curvature> Problem::curvature(const torch::Tensor&) { return nullptr; }

std::vector<MetricInfo> moving_metrics() {
    std::vector<MetricInfo> metrics;
    for (const auto& name : trajectory_columns()) metrics.push_back({name, true});
    return metrics;
}

std::mutex& seeding() {
    static std::mutex one;
    return one;
}

TrainResult train_member(const LoopSettings& settings, std::span<const MetricInfo> metrics, const TrainRequest& request,
                         const std::function<std::unique_ptr<Problem>()>& make) {
    ensure(request.to > request.from && (request.start == nullptr) == (request.from == 0), "a request trains forward");
    Resource reached = request.from;
    const auto train = [&]() -> TrainResult {
        try {
            set_threads(settings.threads);  // a setting of the calling thread
            const auto problem = make();
            return Loop(settings, request, *problem).train(request, metrics, reached);
        } catch (const InternalError&) {
            throw;
        } catch (const std::exception& error) {
            return classify(error, reached);
        }
    };
    auto result = train();
    release_memory(settings.device);
    return result;
}

}  // namespace stemma
