#pragma once
// The networks. All randomness (initial weights, dropout) comes from one generator that the caller seeds.

#include <torch/torch.h>

#include "trainer/torch/data/data.hpp"
#include "trainer/torch/hypergradient/curvature.hpp"
#include "trainer/torch_library/hyperparameters.hpp"

namespace stemma {

/// Which of several ways to compute the same function (with other rounding).
struct Kernels {
    bool fused = true;     ///< lenet's first block as one operation (on a CPU), LibTorch's LSTM
    bool twice = false;    ///< second derivatives will be taken: convolutions and LSTMs that support them well
    bool by_hand = false;  ///< these are taken from Network::curvature(), where a network has it
    /// Losses are differentiated twice by their graphs, although the network has a curvature of its own.
    bool twice_by_graph() const { return twice && !by_hand; }
};

class Network : public torch::nn::Module {
public:
    /// From a batch of inputs (float32) to [n, classes] logits, or [n, 1] predictions. Dropout in training mode only.
    virtual torch::Tensor forward(torch::Tensor x) = 0;
    /// Like forward(); recurrent networks start where the batch before has ended. `state` (undefined: the beginning) is
    /// replaced by the detached state after this batch. Other networks leave it unchanged.
    virtual torch::Tensor forward_from(torch::Tensor& state, torch::Tensor x);
    /// The loss of a batch (mean cross-entropy for int64 targets, otherwise mean squared error) with gradient and
    /// Hessian products by hand. Does to the generator and the running statistics what forward() does. nullptr for
    /// networks without these.
    virtual std::unique_ptr<Curvature> curvature(const torch::Tensor& x, const torch::Tensor& y);
};

/// What a network is made from. `generator` outlives the network.
struct NetworkRecipe {
    const Data& data;
    const Hyperparameters& h;
    Kernels kernels;
    at::Generator& generator;
};

/// make_NAME() of each model, defined in a file of its own, where the network is described. Initial weights are
/// PyTorch's defaults, unless the file says otherwise. Throws Infeasible when the network, its gradients and the
/// optimizer's state cannot fit into this host's memory.
#define STEMMA_MODEL(id, ...) std::shared_ptr<Network> make_##id(const NetworkRecipe& recipe);
#include "trainer/torch_library/models.inc"
#undef STEMMA_MODEL

/// The model of that name.
std::shared_ptr<Network> make_network(const std::string& model, const NetworkRecipe& recipe);

/// Throws Infeasible if this host has less memory than so many weights need in training, with so many numbers besides.
/// `what`: the hyperparameters behind them, for the message.
void demand_memory(const NetworkRecipe& recipe, const std::string& what, double weights, double activations = 0);

/// A mask of 0 and 1/(1-p) for `x`; undefined for p = 0, [] zero for p = 1. `maps`: one number for each sample and map
/// of [n, maps, ...].
torch::Tensor dropout_mask(const torch::Tensor& x, double p, bool maps, at::Generator& generator);
/// Multiplies by a dropout_mask().
torch::Tensor drop(const torch::Tensor& x, double p, bool maps, at::Generator& generator);

}  // namespace stemma
