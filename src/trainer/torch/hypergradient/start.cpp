#include "trainer/torch/hypergradient/start.hpp"

#include <algorithm>
#include <sstream>

#include "core/error.hpp"
#include "trainer/torch/torch_trainer.hpp"

namespace stemma {
namespace {

bool moves(const SearchSpace& space, const NamedConfiguration& configuration, const std::string& name) {
    const auto found = space.find(name);
    return found && moves_in_training(space[*found].role) && configuration.has(name);
}

/// As the update uses it: one_minus_beta1 moves beta1.
std::string moved_name(const std::string& name) {
    const std::string prefix = "one_minus_";
    return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

/// Where it moves it is kept in [1e-10, 1], as by the authors: a member that began outside would jump there at once.
void check_learning_rate(const SearchSpace& space) {
    const auto found = space.find("lr");
    if (!found || !moves_in_training(space[*found].role)) return;
    const auto& range = std::get<Real>(space[*found].domain);
    const auto refuse = [](const char* what, double value) {
        std::ostringstream text;  // to_string() would show 1e-12 as 0
        text << "space.lr." << what << " where lr moves during training, which keeps it in [1e-10, 1]; got " << value;
        throw UserError(text.str());
    };
    if (range.high > 1) refuse("high must be <= 1", range.high);
    if (range.low < 1e-10) refuse("low must be >= 1e-10", range.low);
}

std::string listed(const std::vector<std::string>& names) {
    std::string list;
    for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
    return list.empty() ? "nothing" : list;
}

}  // namespace

std::optional<HyperStart> hyper_start(const std::optional<HypergradientSettings>& settings,
                                      const NamedConfiguration& configuration, const Hyperparameters& h) {
    if (!settings) return std::nullopt;
    const auto& space = configuration.space();
    const bool sgd = h.optimiser == "sgd";
    if (sgd && h.nesterov) throw Infeasible("nesterov = true cannot be trained with hypergradients; use false");
    if (h.schedule != "constant" || h.warmup > 0)
        throw Infeasible("schedule and warmup cannot be combined with hypergradients, which move lr by themselves");
    HyperStart start;
    start.used = {h.lr, h.weight_decay, sgd ? h.momentum : h.beta1, h.beta2};
    start.bounded = true;
    const std::array<std::string, hyper_count> names = {"lr", "weight_decay", sgd ? "momentum" : "beta1", "beta2"};
    const auto movable = moved_by(settings->variant, h.optimiser);
    bool any = movable.empty();
    for (std::size_t hyper = 0; hyper < hyper_count; ++hyper) {
        if (std::find(movable.begin(), movable.end(), names[hyper]) == movable.end()) continue;
        for (const auto& [name, complement] :
             {std::pair{names[hyper], false}, std::pair{"one_minus_" + names[hyper], true}}) {
            if (!moves(space, configuration, name)) continue;
            const auto& range = std::get<Real>(space[*space.find(name)].domain);
            start.moves[hyper] = any = true;
            start.bounds[hyper] =
                complement ? std::pair{1 - range.high, 1 - range.low} : std::pair{range.low, range.high};
        }
    }
    if (!any) {
        throw Infeasible("with optimiser = " + h.optimiser + " no parameter with role = hypergradient is left that " +
                         "variant = " + settings->variant + " moves");
    }
    return start;
}

void check_differentiable(const std::map<std::string, Literal>& fixed, const SearchSpace& space) {
    const auto is = [&](const char* name, const Literal& value) {
        const auto found = fixed.find(name);
        return found != fixed.end() && found->second == value;
    };
    const bool sgd = is("optimiser", std::string("sgd")) || !(fixed.contains("optimiser") || space.find("optimiser"));
    if (sgd && is("nesterov", true))
        throw UserError("trainer.nesterov = true cannot be trained with [trainer.hypergradient]; remove it");
    if (fixed.contains("schedule") && !is("schedule", std::string("constant")))
        throw UserError("trainer.schedule cannot be combined with [trainer.hypergradient], which moves lr; remove it");
    if (fixed.contains("warmup") && !is("warmup", 0.0) && !is("warmup", std::int64_t{0}))
        throw UserError("trainer.warmup cannot be combined with [trainer.hypergradient], which moves lr; remove it");
}

HypergradientSettings with_clip(HypergradientSettings settings, const Hyperparameters& h) {
    if (h.gradient_clip > 0) settings.gradient_clip = h.gradient_clip;
    return settings;
}

void check_moving(const std::optional<HypergradientSettings>& settings, const SearchSpace& space) {
    std::vector<std::string> with_role;
    for (const auto& parameter : space.parameters()) {
        if (moves_in_training(parameter.role)) with_role.push_back(parameter.name);
    }
    if (!settings) {
        if (with_role.empty()) return;
        throw UserError("space." + with_role.front() + ".role = \"hypergradient\" needs [trainer.hypergradient]");
    }
    check_hypergradient_settings(*settings);
    check_learning_rate(space);
    const auto& variant = settings->variant;
    const std::vector<std::string> all = {"lr", "weight_decay", "momentum", "beta1", "beta2"};
    auto movable = moved_by(variant, "sgd");
    for (const auto& name : moved_by(variant, "adam")) {
        if (std::find(movable.begin(), movable.end(), name) == movable.end()) movable.push_back(name);
    }
    bool any = movable.empty();
    for (const auto& name : with_role) {
        if (std::find(all.begin(), all.end(), moved_name(name)) == all.end()) {
            throw UserError("space." + name + ".role = \"hypergradient\": only hyperparameters of the weight update " +
                            "can move during training (" + listed(all) + "); use \"fixed\" or \"mutable\"");
        }
        any = any || std::find(movable.begin(), movable.end(), moved_name(name)) != movable.end();
    }
    if (any) return;
    throw UserError("trainer.hypergradient.variant = \"" + variant +
                    "\" has nothing to move: give role = \"hypergradient\" to one of " + listed(movable) +
                    " in [space], or use another variant");
}

std::vector<std::string> trajectory_columns() {
    return {"hyper_step",      "hyper_lr",           "hyper_lr_low", "hyper_lr_high",          "hyper_weight_decay",
            "hyper_momentum",  "hyper_beta2",        "hyper_raw_lr", "hyper_raw_weight_decay", "hyper_raw_momentum",
            "hyper_raw_beta2", "hypergradient_norm", "hyper_steps",  "hyper_skipped",          "hyper_clipped",
            "hyper_truncated", "hyper_bounded"};
}

std::vector<double> trajectory_row(std::int64_t step, const RawValues& values) {
    const auto point = values.point();
    std::vector<double> row{static_cast<double>(step), point.used[0], point.lr_low, point.lr_high};
    row.insert(row.end(), point.used.begin() + 1, point.used.end());
    row.insert(row.end(), point.raw.begin(), point.raw.end());
    row.insert(row.end(),
               {point.norm, point.hyper_steps, point.skipped, point.clipped, point.truncated, point.bounded});
    return row;
}

}  // namespace stemma
