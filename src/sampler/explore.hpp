#pragma once
// PBT's "explore" as a sampler: a child's hyperparameters are its donor's, perturbed. (Jaderberg et al., "Population
// Based Training of Neural Networks", arXiv 1711.09846, section 4.1 and appendix A.)

#include <cstdint>
#include <memory>
#include <vector>

#include "options/field.hpp"
#include "sampler/sampler.hpp"

namespace stemma {

struct ExploreSettings {
    enum class Move : std::uint8_t {
        factor,     ///< the value on the natural scale times one of `factors` (logit scale: its odds)
        unit_step,  ///< the coordinate in the unit cube plus or minus `unit_step`
    };

    Move move = Move::factor;
    std::vector<double> factors = {0.8, 1.2};  ///< > 0; one is drawn for each parameter
    double unit_step = 0.1;                    ///< in (0, 1]
    double resample_probability = 0;           ///< for each parameter: a new value from its whole domain instead
    double categorical_probability = 0.25;     ///< that a categorical takes another of its choices, all equally likely

    /// The paper's settings: times 0.8 or 1.2, no new values.
    static ExploreSettings published() { return {}; }
    /// Ray Tune's default: a new value with probability 0.25, else times 0.8 or 1.2.
    static ExploreSettings ray() {
        ExploreSettings settings;
        settings.resample_probability = 0.25;
        return settings;
    }
};

/// A request without parent goes to `base`. With a parent, the donor's configuration (the parent's if no donor is
/// named) is perturbed in each mutable parameter. What the parent hands down (inheritance.hpp) is the parent's.
/// * Reals: moved, then clipped to the range. A value of 0, which no factor moves, takes a unit step.
/// * Integers, and reals with a step: moved, clipped and rounded, at least one step away unless the range ends there.
/// * Ordinals: to the next level up or down, clipped to the ends. Categoricals: see categorical_probability.
/// * A parameter that is active in the child but not in the donor is drawn anew.
///
/// A forbidden result is drawn again, up to 100 times; then the donor's values are used unchanged, then the parent's.
/// Draws come from Stream(seed, Purpose::explore, request.member, attempt). `base` sees every born(), observe() and
/// given_up(). Throws UserError when a setting is out of its range.
std::unique_ptr<Sampler> make_explore_sampler(std::shared_ptr<const SearchSpace> space, std::uint64_t seed,
                                              ExploreSettings settings, std::unique_ptr<Sampler> base);

/// Its keys in [sampler].
std::vector<Field<ExploreSettings>> explore_fields();

}  // namespace stemma
