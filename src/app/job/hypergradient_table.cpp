// [trainer.hypergradient]: its keys.
#include "app/job/tables.hpp"
#include "options/make_key.hpp"

namespace stemma {

using namespace make_key;

namespace {

using S = HypergradientSettings;
constexpr double count_max = 1e6;

Field<S> variant() {
    return {
        choice("variant", "wd_lr_m", hypergradient_variants(),
               "What moves, and how. Implicit differentiation of weight decay (lorraine), and learning rate (wd_lr), "
               "and momentum or Adam's betas (wd_lr_m), with a learning rate for each weight (wd_hdlr_m); products "
               "of successive gradients for the learning rate (baydin); exact through the last `window` updates "
               "(diff_through_opt) or all of an interval (unrolled). To compare with: nothing moves (random), or "
               "lr is multiplied by a constant after each interval (random_x_lr)."),
        into(&S::variant)};
}

std::vector<Field<S>> robustness() {
    return {
        {flag("skip_nonfinite", "false", "A hypergradient with a NaN or an infinity changes nothing and is counted."),
         into(&S::skip_nonfinite)},
        {number("clip_norm", "0", at_least(0),
                "Largest norm of a hypergradient (baydin: product of gradients); 0 = no limit, as it must be where "
                "nothing has one (random, random_x_lr)."),
         into(&S::clip_norm)},
        {number("damping", "1", {0, 1, true},
                "a in the series a * sum (I - a J)^j: below 1 it converges for steeper losses. 1 for variants without "
                "implicit differentiation, which have no series."),
         into(&S::damping)},
        {flag("truncate", "false",
              "End the series before a term that is longer than the one before it; false for variants without series."),
         into(&S::truncate)},
        {flag("bounds", "false",
              "Moved values stay between the parameter's low and high. A learning rate always stays in [1e-10, 1]."),
         into(&S::bounds)},
    };
}

}  // namespace

std::vector<Field<HypergradientSettings>> hypergradient_fields() {
    std::vector<Field<S>> fields{
        variant(),
        {integer("interval", "10", {1, count_max}, "T: weight updates between two hyper-steps (baydin: always 1)."),
         into(&S::interval)},
        {integer("terms", "5", {1, 1000}, "i: terms of the series that stands for an inverse."), into(&S::terms)},
        {integer("window", "5", {1, count_max}, "diff_through_opt: updates that are differentiated through."),
         into(&S::window)},
        {flag("reset", "false",
              "Weights go back to their initial values after each hyper-step; only with variant = \"unrolled\"."),
         into(&S::reset)},
        {number("rate", "0.05", above(0),
                "Step size of the Adam that moves the raw values (log10, logit); baydin has its own, 0.001."),
         into(&S::rate)},
        {number("gradient_clip", "0", at_least(0),
                "Largest norm of a training gradient, also when differentiating; 0 = no limit. baydin's products are "
                "of gradients before that."),
         into(&S::gradient_clip)},
        {number("split", "0.5", {0, 1, true},
                "Share of the validation rows that the hypergradient sees; the others measure valid_loss. 1: both use "
                "all, as in the paper, and only test metrics are of unseen data. Variants without hypergradient train "
                "on the share."),
         into(&S::split)},
        {integer("log_every", "1", {1, count_max}, "Hyper-steps between two recorded points of the trajectory."),
         into(&S::log_every)},
    };
    return concatenated(std::move(fields), robustness());
}

}  // namespace stemma
