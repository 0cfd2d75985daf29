#pragma once
// Settings of one-pass hyperparameter optimization inside a member; no LibTorch here.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace stemma {

class SearchSpace;
struct Key;
template <class Settings>
struct Field;

/// The defaults are those of Clarke, Oldewage, Hernandez-Lobato, "Scalable One-Pass Optimization of High-Dimensional
/// Weight-Update Hyperparameters by Implicit Differentiation", ICLR 2022 (arXiv 2110.10461).
struct HypergradientSettings {
    /// What moves and how (section 4 of the paper). No hypergradient: "random", "random_x_lr" (the learning rate times
    /// a constant of the member after each interval). Learning rate by products of gradients: "baydin". Implicit
    /// differentiation: "lorraine" (weight decay), "wd_lr", "wd_lr_m", "wd_hdlr_m" (a learning rate for each weight).
    /// Exact through the last `window` updates: "diff_through_opt"; through all of an interval: "unrolled".
    std::string variant = "wd_lr_m";
    std::int64_t interval = 10;   ///< T: weight updates between two hyper-steps (baydin: 1), >= 1
    std::int64_t terms = 5;       ///< i: terms of the Neumann series, >= 1
    std::int64_t window = 5;      ///< diff_through_opt: updates that are differentiated through, 1 .. interval
    bool reset = false;           ///< unrolled: an interval begins by setting the weights back to their initial values
    double rate = 0.05;           ///< of the Adam on raw values (baydin: not used)
    double gradient_clip = 0;     ///< clips the training gradient's global norm, inside the graph; 0 = off
    bool skip_nonfinite = false;  ///< a hypergradient with a NaN or an infinity changes nothing
    double clip_norm = 0;         ///< largest norm of a hypergradient (baydin: of the product); 0 = off
    double damping = 1;           ///< a in sum_j a (I - a J)^j, in (0, 1]; 1 = the paper's series, or none
    bool truncate = false;        ///< the series ends before a term that is longer than the one before it
    bool bounds = false;          ///< moved values stay within the ranges of the search space (lr always in [1e-10, 1])
    /// > 0: hyper-steps end once no value moves any more (beyond the paper). That is so when each raw value (log10,
    /// logit) stayed within a range shorter than this over a window of `settle_steps` hyper-steps. 0 = never.
    double settle = 0;
    std::int64_t settle_steps = 10;  ///< of a window; one begins where the other ends; >= 1
    double split = 0.5;          ///< share of the validation rows for the hypergradient; 1: all rows serve both uses
    std::int64_t log_every = 1;  ///< hyper-steps between two points of the recorded trajectory
};

/// The keys of [trainer.hypergradient], with ranges.
std::vector<Field<HypergradientSettings>> hypergradient_fields();
/// The key of [trainer] that holds them, for trainers that can move hyperparameters.
Key hypergradient_key();

/// All variants there are.
std::vector<std::string> hypergradient_variants();

/// The variant takes its hypergradient from validation rows. Other variants train on these rows too.
bool uses_validation(const std::string& variant);

/// Hyperparameters that the variant moves where the weight update has them: of "lr", "weight_decay", "momentum",
/// "beta1", "beta2".
std::vector<std::string> moved_by(const std::string& variant);

/// Throws UserError naming the key, the value and the allowed values. `reset`, `clip_norm`, `damping`, `truncate` and
/// `settle` are refused where they could have no effect on the variant.
void check_hypergradient_settings(const HypergradientSettings& settings);

/// Throws UserError for the role "hypergradient" of a hyperparameter outside the weight update, and for a variant with
/// nothing to move. A hyperparameter with the role that the variant does not move stays constant. One search space thus
/// serves all variants.
void check_moving(const std::optional<HypergradientSettings>& settings, const SearchSpace& space);

}  // namespace stemma
