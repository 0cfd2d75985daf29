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

/// What a member's hyperparameters start as.
struct HyperStart {
    PerHyper<double> used{0.001, 0, 0, 0.999};     ///< lr > 0, weight_decay >= 0, momentum and beta2 in [0, 1)
    PerHyper<bool> moves{};                        ///< the others stay constant
    PerHyper<std::pair<double, double>> bounds{};  ///< of used values, for HypergradientSettings::bounds
    bool bounded = false;                          ///< `bounds` are given
};

/// One point of a trajectory. Learning rates for each weight: their 5 %, 50 % and 95 % quantiles.
struct HyperPoint {
    PerHyper<double> raw{}, used{};
    double lr_low = 0, lr_high = 0;
    double norm = 0;  ///< of the last hypergradient, by raw values, before it was clipped; NaN: none yet
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
    /// raw lr <- clamp(raw lr + rate * ascent), `ascent` [] the hypergradient's negative on the raw scale: no Adam, but
    /// the robustness settings of step(). Does not wait for the device.
    void step_lr(const torch::Tensor& ascent, double rate);
    /// raw lr <- clamp(raw lr + change). `change` [], a constant and no hypergradient.
    void shift_lr(const torch::Tensor& change);
    /// Counts a truncated series (1 or 0, []).
    void count_truncated(const torch::Tensor& truncated) { truncated_ += truncated; }

    HyperPoint point() const;  ///< waits for the device
    /// What robustness settings and the clamp did since construction or load(), for the log; "" = nothing. Waits.
    std::string acted() const;

    void save(Snapshot& snapshot) const;
    /// Raw values as the snapshot has them. Where this start differs from the snapshot's (a child's was perturbed at
    /// birth), the difference on the raw scale is added: a factor of 1.2 at birth is a factor of 1.2 on what has moved
    /// (momentum and betas: on m / (1 - m), by as much as that of the start changed).
    /// `anew`: hyperparameters that begin as this start has them, since the snapshot's mean something else; the Adam
    /// then begins anew, too, whose count is one for all.
    void load(const Snapshot& snapshot, bool with_optimiser, const PerHyper<bool>& anew = {});

private:
    torch::Tensor part(const torch::Tensor& vector, Hyper hyper) const;
    void clamp();
    /// Counts a hyper-step and applies clip_norm and skip_nonfinite to its hypergradient on the raw scale, whose norm
    /// before that becomes norm_. `skip` [], undefined without skip_nonfinite: the hypergradient became zero and
    /// nothing else may change.
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
    std::int64_t hyper_steps_ = 0;
    UsedValues used_;
};

}  // namespace stemma
