#pragma once
// When hyperparameters have stopped moving, so that hyper-steps can end. Beyond arXiv 2110.10461, which goes on.

#include <torch/torch.h>

#include <cstdint>

#include "trainer/snapshot.hpp"
#include "trainer/torch/hypergradient/raw_values.hpp"

namespace stemma {

class Settling {
public:
    /// Off with `threshold` 0. See HypergradientSettings::settle.
    Settling(double threshold, std::int64_t hyper_steps, const RawValues& values);

    /// No hyper-step is to come. Stays so until begin().
    bool settled() const { return settled_; }
    /// To be called after each hyper-step. Waits for the device once every `hyper_steps`.
    void count(const RawValues& values);
    /// Values move (again); a window begins with the present ones.
    void begin(const RawValues& values);

    /// Adds nothing while off.
    void save(Snapshot& snapshot) const;
    /// A snapshot without it (of a job that did not settle): as begin().
    void load(const Snapshot& snapshot, const RawValues& values);

private:
    double threshold_;
    std::int64_t window_;
    torch::Tensor low_, high_;  ///< of each raw value in this window
    std::int64_t counted_ = 0;  ///< hyper-steps in this window
    bool settled_ = false;
};

}  // namespace stemma
