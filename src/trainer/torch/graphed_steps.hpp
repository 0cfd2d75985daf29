#pragma once
// Steps on batches of one size after the other, from recorded graphs.

#include <torch/torch.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "trainer/torch/step_graph.hpp"

namespace stemma {

/// A pass through the data has batches of at most two sizes. The first steps of a size are made without a graph:
/// optimizers and libraries allocate in them what stays.
class GraphedSteps {
public:
    /// From the numbers of rows [n], int64 on the device, to the loss []. The same kernels for each batch of one size.
    using Step = std::function<torch::Tensor(const torch::Tensor& rows)>;

    GraphedSteps(std::function<std::unique_ptr<StepGraph>()> make, Step step);

    /// Whether the next step on so many rows comes from a graph. Counts the step.
    bool takes(std::int64_t rows);
    /// After takes(). Records the step first where its size is new. The loss is read or copied before the next call.
    torch::Tensor run(const torch::Tensor& rows);

private:
    static constexpr int without_graph = 3;  ///< steps of each size

    struct Recorded {
        torch::Tensor rows, loss;  ///< where the graph reads and writes
        std::unique_ptr<StepGraph> graph;
    };
    Recorded record(const torch::Tensor& rows) const;

    std::function<std::unique_ptr<StepGraph>()> make_;
    Step step_;
    std::map<std::int64_t, int> steps_;  ///< by number of rows
    std::map<std::int64_t, Recorded> recorded_;
};

}  // namespace stemma
