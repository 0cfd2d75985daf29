#include "trainer/torch/hypergradient/settling.hpp"

#include "trainer/torch/state.hpp"

namespace stemma {
namespace {

constexpr auto low_array = "hypergradient/settling/low";
constexpr auto high_array = "hypergradient/settling/high";
constexpr auto position_array = "hypergradient/settling/position";

}  // namespace

Settling::Settling(double threshold, std::int64_t hyper_steps, const RawValues& values)
    : threshold_(threshold), window_(hyper_steps) {
    begin(values);
}

void Settling::begin(const RawValues& values) {
    if (threshold_ <= 0) return;
    low_ = values.raw().clone();
    high_ = low_;
    counted_ = 0;
    settled_ = false;
}

/// The range within the window counts, not the change from its first to its last value: a value that turns back passes
/// one place twice.
void Settling::count(const RawValues& values) {
    if (threshold_ <= 0) return;
    const torch::NoGradGuard no_grad;
    low_ = torch::minimum(low_, values.raw());
    high_ = torch::maximum(high_, values.raw());
    if (++counted_ < window_) return;
    const bool stayed = values.largest_range(low_, high_) < threshold_;  // NaN has not stayed
    begin(values);
    settled_ = stayed;
}

void Settling::save(Snapshot& snapshot) const {
    if (threshold_ <= 0) return;
    save_tensor(low_, low_array, snapshot);
    save_tensor(high_, high_array, snapshot);
    save_tensor(torch::tensor({counted_, std::int64_t{settled_}}, torch::kInt64), position_array, snapshot);
}

void Settling::load(const Snapshot& snapshot, const RawValues& values) {
    begin(values);
    if (threshold_ <= 0 || snapshot.find(position_array) == nullptr) return;
    low_ = torch::zeros_like(low_);  // two tensors: so far they may be one
    high_ = torch::zeros_like(low_);
    restore_tensor(low_, low_array, snapshot);
    restore_tensor(high_, high_array, snapshot);
    auto position = torch::zeros({2}, torch::kInt64);
    restore_tensor(position, position_array, snapshot);
    counted_ = position[0].item<std::int64_t>();
    settled_ = position[1].item<std::int64_t>() != 0;
}

}  // namespace stemma
