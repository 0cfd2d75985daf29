#pragma once
// Hyperparameters that move in a member of a user's own task, whose loop is Stemma's (stemma_torch.hpp).

#include <torch/torch.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "trainer/hypergradient.hpp"
#include "trainer/snapshot.hpp"
#include "trainer/torch/hyperparameters.hpp"
#include "trainer/trainer.hpp"

namespace stemma {

/// The task's losses [] with a graph, of rows by number (int64).
struct LoopLosses {
    using Loss = std::function<torch::Tensor(const torch::Tensor& rows)>;
    Loss train;
    Loss other;                   ///< what the hypergradient is of: validation, or (baydin) training again
    std::int64_t other_rows = 0;  ///< how many rows `other` has
};

/// Dropout and the like draw from LibTorch's global generator of the model's device.
class MovingLoop {
public:
    /// Nothing without settings. `model` is on its device, and outlives the result; `seed` is the member's. Throws
    /// Infeasible where this configuration's update rule cannot be differentiated or has nothing that moves.
    static std::unique_ptr<MovingLoop> make(const std::optional<HypergradientSettings>& settings,
                                            const NamedConfiguration& configuration,
                                            const Hyperparameters& hyperparameters, torch::nn::Module& model,
                                            std::uint64_t seed, LoopLosses losses);
    /// Of each point of the trajectory; all held out.
    static std::vector<MetricInfo> metrics();
    ~MovingLoop();

    /// One update of the weights on these rows, and a hyper-step if one is due.
    void step(const torch::Tensor& rows);
    /// Values of metrics() now.
    std::vector<double> point() const;
    /// Points since the last call.
    std::vector<std::vector<double>> take_trajectory();

    /// Adds to a snapshot that has the model.
    void save(Snapshot& snapshot) const;
    /// After the model has been loaded and is in training mode. `adopted`: the snapshot is a parent's. Throws
    /// DecodeError.
    void load(const Snapshot& snapshot, bool adopted);
    /// What settings beyond the paper did to hypergradients since load(), for the log; "" = nothing.
    std::string note() const;

private:
    struct State;

public:
    explicit MovingLoop(std::unique_ptr<State> state);  ///< for make()

private:
    std::unique_ptr<State> state_;
};

}  // namespace stemma
