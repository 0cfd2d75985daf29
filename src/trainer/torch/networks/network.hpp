#pragma once
// The networks. All randomness (initial weights, dropout) comes from one generator that the caller seeds.

#include <torch/torch.h>

#include "trainer/torch/data/data.hpp"
#include "trainer/torch/hypergradient/curvature.hpp"
#include "trainer/torch/hyperparameters.hpp"

namespace stemma {

/// Which of several ways to compute the same function (with other rounding).
struct Kernels {
    bool fused = true;   ///< lenet's first block as one operation (on a CPU), LibTorch's LSTM
    bool twice = false;  ///< second derivatives will be taken: convolutions and LSTMs that support them well
};

class Network : public torch::nn::Module {
public:
    /// From a batch of inputs (float32) to [n, classes] logits, or [n, 1] predictions. Dropout in training mode only.
    virtual torch::Tensor forward(torch::Tensor x) = 0;
    /// Like forward(); recurrent networks start where the batch before has ended. `state` (undefined: the beginning) is
    /// replaced by the detached state after this batch. Other networks leave it unchanged.
    virtual torch::Tensor forward_from(torch::Tensor& state, torch::Tensor x);
    /// The loss of a batch (mean cross-entropy for int64 targets, otherwise mean squared error) with gradient and
    /// Hessian products by hand. nullptr for networks without these, or while the mode is random.
    virtual std::unique_ptr<Curvature> curvature(const torch::Tensor& x, const torch::Tensor& y);
};

/// model "mlp": (linear, batch norm, activation, dropout) x layers, linear.
/// model "lenet": conv 5x5 to 10 maps, max-pool 2, ReLU; conv 5x5 to 20 maps, dropout of whole maps, max-pool 2, ReLU;
/// 320-50, ReLU, dropout 0.5; 50-classes (Scardigli et al., arXiv 2109.14925, and their experiments' code).
/// model "resnet18": torchvision's, with hyperparameter `width` maps in its first stage (resnet.hpp).
/// model "lstm": a language model for text (lstm.hpp).
/// model "torchscript": the model in the file of hyperparameter `module` (script_network.hpp).
/// Initial weights of mlp and lenet are PyTorch's defaults: uniform within 1 / sqrt(inputs). Throws Infeasible when the
/// network, its gradients and the optimizer's state cannot fit into this host's memory.
std::shared_ptr<Network> make_network(const std::string& model, const Data& data,
                                      const Hyperparameters& hyperparameters, Kernels kernels,
                                      at::Generator& generator);

/// Multiplies by a mask of 0 and 1/(1-p). `maps`: one number for each sample and map of [n, maps, ...].
torch::Tensor drop(const torch::Tensor& x, double p, bool maps, at::Generator& generator);

}  // namespace stemma
