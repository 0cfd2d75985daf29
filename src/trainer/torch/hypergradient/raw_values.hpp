#pragma once
// The hyperparameters that move, on the raw scale, and the Adam that moves them.

#include <torch/torch.h>

#include <string>
#include <utility>
#include <vector>

#include "trainer/hypergradient.hpp"
#include "trainer/snapshot.hpp"
#include "trainer/torch/hypergradient/update_rule.hpp"

namespace stemma {

/// The initial hyperparameters of a member.
struct HyperStart {
    PerHyper<double> used{0.001, 0, 0, 0.999};     ///< lr > 0, weight_decay >= 0, momentum and beta2 in [0, 1)
    PerHyper<bool> moves{};                        ///< the others stay constant
    PerHyper<std::pair<double, double>> bounds{};  ///< of used values, for HypergradientSettings::bounds
    bool bounded = false;                          ///< `bounds` are given
};

/// One point of a trajectory. A learning rate for each weight is given by its 5 %, 50 % and 95 % quantiles.
struct HyperPoint {
    PerHyper<double> raw{}, used{};
    double lr_low = 0, lr_high = 0;
    double norm = 0;  ///< of the last hypergradient by raw values, before clipping; NaN: none yet
    double hyper_steps = 0, skipped = 0, clipped = 0, truncated = 0, bounded = 0;
};

class RawValues {
public:
    /// `weights`: number of entries of a learning rate for each weight, 0 = one for all.
    RawValues(const HyperStart& start, std::int64_t weights, const torch::TensorOptions& options,
              const HypergradientSettings& settings);

    const UsedValues& used() const { return used_; }
    /// All raw values [lr ..., weight_decay, momentum, beta2].
    const torch::Tensor& raw() const { return raw_; }
    /// One step of Adam (betas 0.9 and 0.999, eps 1e-8) on the raw values from dV/d used (undefined = zero); then raw
    /// learning rates are clamped to [-10, 0]. Does not wait for the device.
    void step(const PerHyper<torch::Tensor>& gradient);
    /// raw lr <- clamp(raw lr + rate * ascent). `ascent` [] is the negative hypergradient on the raw scale. No Adam is
    /// used, but the robustness settings of step() apply. Does not wait for the device.
    void step_lr(const torch::Tensor& ascent, double rate);
    /// raw lr <- clamp(raw lr + change). `change` [] is a constant and no hypergradient.
    void shift_lr(const torch::Tensor& change);
    /// Counts a truncated series (1 or 0, []).
    void count_truncated(const torch::Tensor& truncated) { truncated_ += truncated; }

    HyperPoint point() const;  ///< waits for the device once
    /// The largest of high - low, two vectors like raw(). Of a learning rate for each weight the root mean square
    /// counts. Waits for the device.
    double largest_range(const torch::Tensor& low, const torch::Tensor& high) const;
    /// What robustness settings and the clamp did since construction or load(), for the log; "" = nothing. Waits for
    /// the device.
    std::string acted() const;

    void save(Snapshot& snapshot) const;
    /// Restores the raw values of the snapshot. Where this start differs from the snapshot's start (a child's was
    /// perturbed), the difference on the raw scale is added. A factor of 1.2 at birth is a factor of 1.2 on the moved
    /// value. For momentum and betas the factor acts on m / (1 - m). `anew`: hyperparameters that begin with the values
    /// of this start, because the snapshot's values mean something else. The Adam, whose count is common to all, then
    /// begins anew, too.
    void load(const Snapshot& snapshot, bool with_optimizer, const PerHyper<bool>& anew = {});

private:
    torch::Tensor part(const torch::Tensor& vector, Hyper hyper) const;
    void clamp();
    /// Counts a hyper-step and applies clip_norm and skip_nonfinite to its hypergradient on the raw scale. norm_
    /// becomes the norm before both. `skip` [] tells whether the hypergradient became zero and nothing else may change.
    /// Without skip_nonfinite it is undefined.
    torch::Tensor guarded(torch::Tensor gradient, torch::Tensor& skip);
    void add_to_lr(const torch::Tensor& change);
    torch::Tensor counts() const;  ///< [count, norm, skipped, clipped, truncated, bounded, hyper-steps]
    void load_counts(const Snapshot& snapshot);
    void refresh();  ///< used_ from raw_

    HypergradientSettings settings_;
    HyperStart start_;
    bool per_weight_;
    std::int64_t rates_;                            ///< entries of raw_ that are learning rates
    PerHyper<std::pair<double, double>> limits_{};  ///< of raw values that move
    torch::Tensor raw_;
    torch::Tensor first_, second_, count_;  ///< Adam's; the count is a tensor since a step may be skipped on the device
    torch::Tensor norm_, skipped_, clipped_, truncated_, bounded_;
    torch::Tensor loaded_;  ///< counts() then
    torch::Tensor shares_;  ///< of the quantiles in a point
    std::int64_t hyper_steps_ = 0;
    UsedValues used_;
};

}  // namespace stemma
