#pragma once
// The training loop, of built-in models and of users' tasks.

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "trainer/hypergradient.hpp"
#include "trainer/torch/problem.hpp"
#include "trainer/trainer.hpp"

namespace stemma {

struct LoopSettings {
    std::string unit = "epoch";  ///< or "step": what resources count
    std::uint64_t run_seed = 0;  ///< of the order of rows
    int threads = 1;
    torch::Device device = {torch::kCPU};
    bool inherit_optimizer = true;  ///< a child starts with its parent's moments, else with new ones
    std::optional<HypergradientSettings> hypergradient = {};
    /// Steps come from recorded graphs where the device has graphs, row numbers are on it, and nothing moves.
    bool graphs = false;
};

/// Metrics that follow a trainer's own where hyperparameters move in training (torch_trainer.hpp); all held out.
std::vector<MetricInfo> moving_metrics();

/// Held while LibTorch's global generators are seeded, and by a thread whose draws must not depend on other threads.
std::mutex& seeding();

/// Answers a request (trainer.hpp). `make` makes the member's problem. It is called once, on a thread whose number of
/// threads has been set. `metrics`: those of the problem, then moving_metrics() with settings.hypergradient.
///
/// A row of metrics follows each epoch. With unit "step", a row follows at the end of each epoch and of the request.
/// The problem is seeded by (member's seed, unit), rows are ordered by (run_seed, member, epoch). No state of a
/// generator is therefore in the snapshot. With hypergradients there is also a row for every `log_every` hyper-steps.
/// Its resource is the number of completed units, and it has NaN for what is not measured then. The training has failed
/// where a metric that is not held out is not finite.
///
/// Snapshot: model/<name>, optimizer/<parameter>/<moment>, training/position (step, epoch, row; rows in the loss),
/// training/loss, training/state and training/other_state (recurrent networks), hypergradient/... .
TrainResult train_member(const LoopSettings& settings, std::span<const MetricInfo> metrics, const TrainRequest& request,
                         const std::function<std::unique_ptr<Problem>()>& make);

}  // namespace stemma
