#pragma once
// The kernels of one training step, recorded once and launched as one. A small network's step on a GPU costs the
// launches of its kernels, not the kernels.

#include <torch/torch.h>

#include <functional>
#include <memory>

namespace stemma {

/// One recorded step. A replay reads and writes the same memory as the recorded kernels. What changes from replay to
/// replay must therefore be put into that memory before. Memory that the step has allocated stays with the graph.
class StepGraph {
public:
    virtual ~StepGraph() = default;
    /// Calls `step` once and keeps its kernels, which need not have run then. Nothing in `step` may wait for the
    /// device.
    virtual void record(const std::function<void()>& step) = 0;
    /// After record(), as often as wanted. Not waited for.
    virtual void replay() = 0;
};

/// nullptr where the device has no graphs: a CPU, a LibTorch without CUDA, or one before 2.4, whose graphs know no
/// generator but the global one. `generator`: what the step draws from; each replay draws anew.
std::unique_ptr<StepGraph> make_step_graph(torch::Device device, const at::Generator& generator);

}  // namespace stemma
