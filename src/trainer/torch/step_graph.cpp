#include "trainer/torch/step_graph.hpp"

#include <dlfcn.h>

#if defined(STEMMA_TORCH_CUDA) && (TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4))
#include <ATen/cuda/CUDAGeneratorImpl.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>
#define STEMMA_CUDA_GRAPHS
#endif

namespace stemma {

namespace {

#ifdef STEMMA_CUDA_GRAPHS
/// Each replay draws anew. Later versions of LibTorch see to that themselves, and have no such function.
template <class Graph>
void draw_from(Graph& graph, const at::Generator& generator) {
    if constexpr (requires { graph.register_generator_state(generator); }) graph.register_generator_state(generator);
}

class CudaGraph final : public StepGraph {
public:
    CudaGraph(torch::Device device, const at::Generator& generator) : device_(device) { draw_from(graph_, generator); }

    void record(const std::function<void()>& step) override {
        c10::cuda::getCurrentCUDAStream(device_.index()).synchronize();
        // The default stream cannot be recorded.
        const c10::cuda::CUDAStreamGuard guard(c10::cuda::getStreamFromPool(false, device_.index()));
        graph_.capture_begin();
        try {
            step();
        } catch (...) {
            end_after_failure();
            throw;
        }
        graph_.capture_end();
    }

    void replay() override { graph_.replay(); }

private:
    /// CUDA reports a failed recording again at its end.
    void end_after_failure() {
        try {
            graph_.capture_end();
        } catch (const c10::Error&) {
        }
    }

    torch::Device device_;
    at::cuda::CUDAGraph graph_;
};
#endif

/// What brings LibTorch another kind of device offers its graphs here.
StepGraph* offered_graph(torch::Device device) {
    using Offered = StepGraph* (*)(torch::Device);
    auto* symbol = device.is_cpu() || device.is_cuda() ? nullptr : dlsym(RTLD_DEFAULT, "stemma_step_graph");
    return symbol == nullptr ? nullptr : reinterpret_cast<Offered>(symbol)(device);
}

}  // namespace

std::unique_ptr<StepGraph> make_step_graph(torch::Device device, [[maybe_unused]] const at::Generator& generator) {
#ifdef STEMMA_CUDA_GRAPHS
    if (device.is_cuda()) return std::make_unique<CudaGraph>(device, generator);
#endif
    return std::unique_ptr<StepGraph>(offered_graph(device));
}

}  // namespace stemma
