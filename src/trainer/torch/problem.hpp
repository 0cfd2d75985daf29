#pragma once
// What the training loop trains: the model of one member, with its losses on numbered rows.

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "trainer/torch_library/hyperparameters.hpp"

namespace stemma {

class Curvature;

/// How a pass through rows is cut into batches. Numbers of rows are int64.
struct Batches {
    std::int64_t size = 1;                  ///< rows of a batch; the last one of a pass has what is left
    bool shuffled = true;                   ///< false: in order, for text
    bool single_rows = true;                ///< false: the last row of a pass alone joins the batch before it
    torch::Device rows_on = {torch::kCPU};  ///< where the numbers of rows are
};

/// `state` in what follows is the state of a recurrent network, [.., .., streams]. It is undefined where a pass begins,
/// and is replaced by the detached state after the batch. Other models leave it unchanged.
class Problem {
public:
    explicit Problem(Hyperparameters hyperparameters) : hyperparameters_(std::move(hyperparameters)) {}
    virtual ~Problem() = default;

    const Hyperparameters& hyperparameters() const { return hyperparameters_; }
    /// On device(), where losses are too.
    virtual torch::nn::Module& model() = 0;
    virtual torch::Device device() const = 0;
    virtual Batches batches() const = 0;
    /// How many rows there are to train on.
    virtual std::int64_t rows() const = 0;
    /// Mean loss [] of a batch, with a graph.
    virtual torch::Tensor loss(const torch::Tensor& rows, torch::Tensor& state) = 0;
    /// The rows for hypergradients, which neither training nor evaluate() sees, and their loss. Used only by variants
    /// that take a validation loss.
    virtual std::int64_t tune_rows() const = 0;
    virtual torch::Tensor tune_loss(const torch::Tensor& rows, torch::Tensor& state) = 0;
    /// The training loss of a batch with a curvature by hand. nullptr for problems without it.
    virtual std::unique_ptr<Curvature> curvature(const torch::Tensor& rows);
    /// The trainer's metrics, in order. Called in evaluation mode and without gradients. `train_loss`: the mean over
    /// the rows of the current epoch so far, in training mode.
    virtual std::vector<double> evaluate(double train_loss) = 0;
    /// The generator of dropout and other draws in training. It is seeded before each unit.
    virtual at::Generator generator() = 0;
    virtual void seed(std::uint64_t seed) { generator().set_current_seed(seed); }

protected:
    Hyperparameters hyperparameters_;
};

}  // namespace stemma
