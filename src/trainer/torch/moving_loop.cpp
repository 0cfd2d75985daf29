#include "trainer/torch/moving_loop.hpp"

#include <algorithm>
#include <utility>

#include "core/rng.hpp"
#include "trainer/torch/hypergradient/one_pass.hpp"
#include "trainer/torch/hypergradient/start.hpp"
#include "trainer/torch/state.hpp"

namespace stemma {

struct MovingLoop::State {
    State(torch::nn::Module& its_model, const Hyperparameters& h, const HyperStart& start,
          const HypergradientSettings& its_settings, std::uint64_t its_seed, LoopLosses its_losses)
        : model(its_model),
          device(model.parameters().at(0).device()),
          settings(its_settings),
          batch_size(h.batch_size),
          seed(its_seed),
          losses(std::move(its_losses)),
          pass(model.parameters(), h.optimiser, h.eps, h.amsgrad, start, settings, seed) {}

    torch::nn::Module& model;
    torch::Device device;
    HypergradientSettings settings;
    std::int64_t batch_size;
    std::uint64_t seed;
    LoopLosses losses;
    OnePass pass;
    std::int64_t steps = 0;
    std::vector<std::vector<double>> trajectory;
    std::int64_t walk = -1;  ///< number of the walk through the other rows that `order` is of
    torch::Tensor order;

    at::Generator generator() const { return at::globalContext().defaultGenerator(device); }
    torch::Tensor other_batch();
};

/// An endless, shuffled walk in batches: a function of the member's seed and the number of updates before.
torch::Tensor MovingLoop::State::other_batch() {
    const auto size = std::min(batch_size, losses.other_rows);
    const auto batches = (losses.other_rows + size - 1) / size;
    if (std::exchange(walk, steps / batches) != steps / batches) {
        // The generator of training must not notice.
        const auto key = derive_seed(seed, Purpose::data_order, 0, static_cast<std::uint64_t>(walk));
        order = torch::randperm(losses.other_rows, at::make_generator<at::CPUGeneratorImpl>(key), torch::kInt64);
    }
    const auto first = steps % batches * size;
    return order.slice(0, first, std::min(first + size, losses.other_rows));
}

std::unique_ptr<MovingLoop> MovingLoop::make(const std::optional<HypergradientSettings>& settings,
                                             const NamedConfiguration& configuration, const Hyperparameters& h,
                                             torch::nn::Module& model, std::uint64_t seed, LoopLosses losses) {
    const auto start = hyper_start(settings, configuration, h);
    if (!start) return nullptr;
    return std::make_unique<MovingLoop>(
        std::make_unique<State>(model, h, *start, with_clip(*settings, h), seed, std::move(losses)));
}

MovingLoop::MovingLoop(std::unique_ptr<State> state) : state_(std::move(state)) {}
MovingLoop::~MovingLoop() = default;

std::vector<MetricInfo> MovingLoop::metrics() {
    std::vector<MetricInfo> metrics;
    for (const auto& name : trajectory_columns()) metrics.push_back({name, true});
    return metrics;
}

void MovingLoop::step(const torch::Tensor& rows) {
    auto& s = *state_;
    OnePass::Batch batch;
    batch.train = [&] { return s.losses.train(rows); };
    batch.other = [&] { return s.losses.other(s.other_batch()); };
    batch.recipe = [&] { return OnePass::Recipe{rows.clone(), s.generator().get_state()}; };
    static_cast<void>(s.pass.update(batch));
    ++s.steps;
    if (s.pass.stepped() && s.pass.hyper_steps() % s.settings.log_every == 0) s.trajectory.push_back(point());
}

std::vector<double> MovingLoop::point() const { return trajectory_row(state_->steps, state_->pass.values()); }

std::vector<std::vector<double>> MovingLoop::take_trajectory() { return std::exchange(state_->trajectory, {}); }

void MovingLoop::save(Snapshot& snapshot) const {
    state_->pass.save(snapshot);
    save_tensor(torch::full({1}, state_->steps, torch::kInt64), "training/step", snapshot);
}

std::string MovingLoop::note() const { return state_->pass.values().acted(); }

void MovingLoop::load(const Snapshot& snapshot, bool adopted) {
    auto& s = *state_;
    OnePass::Again again;
    if (!adopted) {
        again = [&](const OnePass::Recipe& recipe) {
            s.generator().set_state(recipe.at(1));
            return s.pass.again(s.model.buffers(), [&] { return s.losses.train(recipe.at(0)); });
        };
    }
    s.pass.load(snapshot, true, again);
    s.steps = load_tensor(snapshot, "training/step", torch::kInt64).item<std::int64_t>();
}

}  // namespace stemma
