// The keys of [trainer.hypergradient].
#include "options/make_key.hpp"
#include "trainer/hypergradient.hpp"

namespace stemma {

using namespace make_key;

namespace {

using S = HypergradientSettings;
constexpr double count_max = 1e6;

Field<S> variant() {
    return setting(
        &S::variant,
        choice("variant", hypergradient_variants(),
               "What moves, and how. Implicit differentiation: of weight decay (lorraine), also of the learning rate "
               "(wd_lr), also of momentum or Adam's betas (wd_lr_m), with a learning rate for each weight (wd_hdlr_m). "
               "baydin: products of successive gradients, for the learning rate. Exact differentiation: through the "
               "last `window` updates (diff_through_opt) or through a whole interval (unrolled). For comparison: "
               "nothing moves (random), or lr is multiplied by a constant after each interval (random_x_lr)."));
}

std::vector<Field<S>> robustness() {
    return {
        setting(&S::skip_nonfinite,
                flag("skip_nonfinite", "A hypergradient with a NaN or an infinity changes nothing and is counted.")),
        setting(&S::clip_norm, number("clip_norm", at_least(0),
                                      "Largest norm of a hypergradient (baydin: of a product of gradients); 0 = no "
                                      "limit. Must be 0 for random and random_x_lr, which have none.")),
        setting(&S::damping, number("damping", {0, 1, true},
                                    "Factor a in the series a * sum (I - a J)^j. Values below 1 let it converge for "
                                    "steeper losses. Must be 1 for variants without implicit differentiation.")),
        setting(&S::truncate, flag("truncate",
                                   "End the series before a term that is longer than the one before it; false for "
                                   "variants without series.")),
        setting(
            &S::bounds,
            flag(
                "bounds",
                "Moved values stay between the parameter's low and high. A learning rate always stays in [1e-10, 1].")),
        setting(&S::settle, number("settle", at_least(0),
                                   "Hyper-steps end when no value moves any more, and training goes on at "
                                   "the speed of plain training. That is when each raw value (log10, "
                                   "logit) stayed within a range shorter than this over a window of "
                                   "`settle_steps` hyper-steps. Of a learning rate for each weight the "
                                   "root mean square of the ranges counts. A child's values move again. 0 "
                                   "= never, as in the paper. Must be 0 for random and random_x_lr, and "
                                   "with `reset`.")),
        setting(&S::settle_steps,
                integer("settle_steps", {1, count_max},
                        "Hyper-steps in a window of `settle`; one window begins where the other ends.")),
    };
}

}  // namespace

std::vector<Field<HypergradientSettings>> hypergradient_fields() {
    std::vector<Field<S>> fields{
        variant(),
        setting(&S::interval,
                integer("interval", {1, count_max}, "T: weight updates between two hyper-steps (baydin: always 1).")),
        setting(&S::terms, integer("terms", {1, 1000}, "i: terms of the series that stands for an inverse.")),
        setting(&S::window,
                integer("window", {1, count_max}, "diff_through_opt: updates that are differentiated through.")),
        setting(
            &S::reset,
            flag("reset",
                 "Weights go back to their initial values after each hyper-step; only with variant = \"unrolled\".")),
        setting(&S::rate,
                number("rate", above(0),
                       "Step size of the Adam that moves the raw values (log10, logit); baydin has its own, 0.001.")),
        setting(
            &S::gradient_clip,
            number(
                "gradient_clip", at_least(0),
                "Largest norm of a training gradient, also when differentiating; 0 = no limit. baydin's products are "
                "of gradients before that.")),
        setting(&S::split, number("split", {0, 1, true},
                                  "Share of the validation rows that the hypergradient uses. The other rows measure "
                                  "valid_loss. With 1, both use all rows, as in the paper, and only test metrics are "
                                  "on unseen data. Variants without hypergradient train on the share.")),
        setting(&S::log_every,
                integer("log_every", {1, count_max}, "Hyper-steps between two recorded points of the trajectory.")),
    };
    return concatenated(std::move(fields), robustness());
}

Key hypergradient_key() {
    return other(KeyType::table, "hypergradient",
                 "How parameters with role = \"hypergradient\" move during training: see [trainer.hypergradient].");
}

}  // namespace stemma
