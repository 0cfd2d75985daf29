#include "trainer/hypergradient.hpp"

#include "core/error.hpp"
#include "options/field.hpp"

namespace stemma {
namespace {

void demand(bool right, const char* key, const std::string& found, const char* allowed) {
    if (!right) throw UserError(std::string("trainer.hypergradient.") + key + " = " + found + " must be " + allowed);
}

bool has_series(const std::string& variant) {
    return uses_validation(variant) && variant != "diff_through_opt" && variant != "unrolled";
}

}  // namespace

std::vector<std::string> hypergradient_variants() {
    return {"random",  "random_x_lr", "lorraine",         "baydin",  "wd_lr",
            "wd_lr_m", "wd_hdlr_m",   "diff_through_opt", "unrolled"};
}

bool uses_validation(const std::string& variant) {
    return variant != "random" && variant != "random_x_lr" && variant != "baydin";
}

std::vector<std::string> moved_by(const std::string& variant) {
    if (variant == "random") return {};
    if (variant == "random_x_lr" || variant == "baydin") return {"lr"};
    if (variant == "lorraine") return {"weight_decay"};
    if (variant == "wd_lr") return {"lr", "weight_decay"};
    return {"lr", "weight_decay", "momentum", "beta1", "beta2"};
}

void check_hypergradient_settings(const HypergradientSettings& s) {
    require_ranges("trainer.hypergradient", hypergradient_fields(), s);
    demand(s.variant != "diff_through_opt" || s.window <= s.interval, "window", std::to_string(s.window),
           "from 1 to interval");
    demand(!s.reset || s.variant == "unrolled", "reset", "true", "false unless variant = \"unrolled\"");
    // `terms` may stand there whatever the variant, as `window` and `rate` do.
    demand(!s.truncate || has_series(s.variant), "truncate", "true", "false where the variant has no series");
    demand(s.damping == 1 || has_series(s.variant), "damping", std::to_string(s.damping),
           "1 where the variant has no series");
    const bool moves_by_gradients = s.variant != "random" && s.variant != "random_x_lr";
    demand(s.clip_norm == 0 || moves_by_gradients, "clip_norm", std::to_string(s.clip_norm),
           "0 where the variant has no hypergradient");
    demand(s.settle == 0 || (moves_by_gradients && !s.reset), "settle", std::to_string(s.settle),
           "0 where the variant has no hypergradient, and with reset");
}

}  // namespace stemma
