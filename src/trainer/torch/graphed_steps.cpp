#include "trainer/torch/graphed_steps.hpp"

#include <utility>

namespace stemma {

GraphedSteps::GraphedSteps(std::function<std::unique_ptr<StepGraph>()> make, Step step)
    : make_(std::move(make)), step_(std::move(step)) {}

bool GraphedSteps::takes(std::int64_t rows) {
    auto& steps = steps_[rows];
    if (steps >= without_graph) return true;
    ++steps;
    return false;
}

torch::Tensor GraphedSteps::run(const torch::Tensor& rows) {
    const auto size = rows.size(0);
    auto found = recorded_.find(size);
    if (found == recorded_.end()) found = recorded_.emplace(size, record(rows)).first;
    auto& recorded = found->second;
    recorded.rows.copy_(rows, /*non_blocking=*/true);
    recorded.graph->replay();
    return recorded.loss;
}

GraphedSteps::Recorded GraphedSteps::record(const torch::Tensor& rows) const {
    Recorded recorded{rows.clone(), {}, make_()};
    recorded.graph->record([&] { recorded.loss = step_(recorded.rows); });
    return recorded;
}

}  // namespace stemma
