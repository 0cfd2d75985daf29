#pragma once
// Graphs of the pretend device: kernels that are recorded, and made again.

#include <ATen/ATen.h>

#include <functional>
#include <map>
#include <vector>

#include "support/pretend_device/memory.hpp"
#include "trainer/torch/step_graph.hpp"

namespace stemma::test::pretend {

/// As with CUDA's graphs, recorded kernels leave no effect: what they have written, and generators, are put back. Waits
/// while a graph is recorded are errors. A replay counts as one launch.
class Graph final : public StepGraph {
public:
    explicit Graph(c10::Device device) : device_(device) {}

    void record(const std::function<void()>& step) override;
    void replay() override;

    /// The graph that is being recorded, or nullptr.
    static Graph* recording();

    void add(std::function<void()> kernel) { kernels_.push_back(std::move(kernel)); }
    void keep(const at::Tensor& tensor);
    void keep(const at::Generator& generator);

private:
    void put_back();

    c10::Device device_;
    std::vector<std::function<void()>> kernels_;
    std::map<void*, std::pair<at::Tensor, std::vector<char>>> memory_;  ///< by storage, before the recording
    std::vector<std::pair<at::Generator, at::Tensor>> generators_;
};

}  // namespace stemma::test::pretend
