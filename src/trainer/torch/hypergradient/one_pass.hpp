#pragma once
// Training with hyperparameters that move: weight updates, and a hyper-step after every `interval` updates.

#include <torch/torch.h>

#include <functional>
#include <string>
#include <vector>

#include "trainer/hypergradient.hpp"
#include "trainer/snapshot.hpp"
#include "trainer/torch/hypergradient/flat_parameters.hpp"
#include "trainer/torch/hypergradient/raw_values.hpp"
#include "trainer/torch/hypergradient/recorded_update.hpp"
#include "trainer/torch/hypergradient/settling.hpp"

namespace stemma {

class OnePass {
public:
    /// A loss [] of the current parameters, with a graph.
    using Loss = std::function<torch::Tensor()>;
    /// Tensors needed to recompute a batch's loss (row numbers, the state of a generator, of a network), of int64,
    /// uint8 or float32.
    using Recipe = std::vector<torch::Tensor>;

    struct Batch {
        Loss train;
        /// Loss of a validation batch; baydin: of a second training batch. Called after the update, once a hyper-step.
        Loss other;
        /// Called only for updates that a later hypergradient will go through. May be empty where no snapshot is taken.
        std::function<Recipe()> recipe = {};
        /// The training loss with a curvature of the model's own, in place of `train`. May be empty or return nullptr.
        std::function<std::unique_ptr<Curvature>()> curvature = {};
    };

    /// `optimizer`, `eps`, `amsgrad`: as make_update_rule(). `seed` keys random_x_lr's constant, drawn from U(0.95,
    /// 1.01).
    OnePass(std::vector<torch::Tensor> parameters, const std::string& optimizer, double eps, bool amsgrad,
            const HyperStart& start, const HypergradientSettings& settings, std::uint64_t seed);
    OnePass(const OnePass&) = delete;  // recorded updates refer to its parameters
    OnePass& operator=(const OnePass&) = delete;

    /// One weight update, and a hyper-step if it is due. With `reset` the weights are set back before an interval's
    /// first update and never after a hyper-step. The final weights are thus trained ones. Returns the training loss
    /// before the update, without graph. No hyper-step is due once the values have settled. Only the graph of an
    /// interval's last update is kept (diff_through_opt: of the last `window` updates, unrolled: of all).
    torch::Tensor update(const Batch& batch);

    /// The last update() made a hyper-step.
    bool stepped() const { return stepped_; }
    /// Hyper-steps have ended (HypergradientSettings::settle).
    bool settled() const { return settling_.settled(); }
    std::int64_t hyper_steps() const { return hyper_steps_; }
    const RawValues& values() const { return values_; }
    const FlatParameters& parameters() const { return parameters_; }
    const HypergradientSettings& settings() const { return settings_; }

    /// Adds arrays "hypergradient/..." to a snapshot that has the parameters' values.
    void save(Snapshot& snapshot) const;
    /// Recomputes the loss of a recipe.
    using Again = std::function<std::unique_ptr<Curvature>(const Recipe&)>;
    /// To be called after the parameters' values have been restored. `again` recomputes the updates of an unfinished
    /// window, whose graphs are not in the snapshot. It is empty for a child, which would make other updates (with
    /// other dropout, for example), so that the child's window begins anew. Values of a child that had settled move
    /// again. Without optimizer (a child that starts
    /// afresh), only moved values are loaded. The moments of a parent with another `optimizer` are not loaded. Nor are
    /// momentum and betas between SGD and Adam. Throws DecodeError.
    void load(const Snapshot& snapshot, bool with_optimizer, const Again& again);
    /// The curvature of a loss with a graph.
    std::unique_ptr<Curvature> by_autograd(const torch::Tensor& loss) const;
    /// For load(): the curvature that `make` recomputes. `buffers` (running statistics) keep their values.
    static std::unique_ptr<Curvature> again(std::vector<torch::Tensor> buffers,
                                            const std::function<std::unique_ptr<Curvature>()>& make);

private:
    std::int64_t interval() const { return settings_.variant == "baydin" ? 1 : settings_.interval; }
    std::int64_t window() const;
    torch::Tensor plain_update(const Batch& batch, torch::Tensor& gradient);
    torch::Tensor recorded_update(std::unique_ptr<Curvature> curvature);
    void hyper_step(const Batch& batch, const torch::Tensor& gradient);
    void begin_interval();

    FlatParameters parameters_;
    HypergradientSettings settings_;
    std::string rule_name_;
    std::unique_ptr<UpdateRule> rule_;
    RawValues values_;
    double log10_factor_ = 0;  ///< random_x_lr
    Moments moments_;
    std::int64_t in_interval_ = 0;  ///< updates since the last hyper-step
    std::int64_t hyper_steps_ = 0;
    bool stepped_ = false;
    Settling settling_;
    torch::Tensor initial_;  ///< reset: weights to go back to

    std::vector<RecordedUpdate> recorded_;
    std::vector<Recipe> recipes_;   ///< of recorded_
    torch::Tensor window_weights_;  ///< before the first of recorded_
    Moments window_moments_;
};

}  // namespace stemma
