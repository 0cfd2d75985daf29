#include "support/pretend_device/graph.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

namespace stemma::test::pretend {
namespace {

std::atomic<Graph*> recorded_now{nullptr};  // of all threads: the backward pass has one of its own

}  // namespace

Graph* Graph::recording() { return recorded_now; }

void Graph::record(const std::function<void()>& step) {
    const auto end = [this] {
        recorded_now = nullptr;
        put_back();
    };
    recorded_now = this;
    try {
        step();
    } catch (...) {
        end();
        throw;
    }
    end();
}

void Graph::replay() {
    launch(device_);
    replaying() = true;
    for (const auto& kernel : kernels_) kernel();
    replaying() = false;
}

void Graph::keep(const at::Tensor& tensor) {
    if (!tensor.defined() || tensor.device().type() != slot || tensor.storage().nbytes() == 0) return;
    auto* block = tensor.storage().data_ptr().get();
    if (memory_.contains(block)) return;
    const Open open(tensor);
    const auto* bytes = static_cast<const char*>(block);
    memory_.emplace(block, std::pair{tensor, std::vector<char>(bytes, bytes + tensor.storage().nbytes())});
}

void Graph::keep(const at::Generator& generator) {
    const auto same = [&](const auto& one) { return one.first == generator; };
    if (std::ranges::any_of(generators_, same)) return;
    generators_.emplace_back(generator, generator.get_state());
}

void Graph::put_back() {
    for (const auto& [block, kept] : memory_) {
        const Open open(kept.first);
        std::memcpy(block, kept.second.data(), kept.second.size());
    }
    for (auto& [generator, state] : generators_) generator.set_state(state);
    memory_.clear();
    generators_.clear();
}

extern "C" StepGraph* stemma_step_graph(c10::Device device) { return new Graph(device); }

}  // namespace stemma::test::pretend
