#include "trainer/torch/hypergradient/start.hpp"

#include <algorithm>

#include "core/error.hpp"
#include "options/words.hpp"
#include "trainer/torch_library/torch_settings.hpp"

namespace stemma {
namespace {

bool moves(const SearchSpace& space, const NamedConfiguration& configuration, const std::string& name) {
    const auto found = space.find(name);
    return found && moves_in_training(space[*found].role) && configuration.has(name);
}

}  // namespace

std::optional<HyperStart> hyper_start(const std::optional<HypergradientSettings>& settings,
                                      const NamedConfiguration& configuration, const Hyperparameters& h) {
    if (!settings) return std::nullopt;
    const auto& space = configuration.space();
    const auto& optimizer = torch_optimizer(h.optimizer);
    if (optimizer.has("nesterov") && h.nesterov)
        throw Infeasible("nesterov = true cannot be trained with hypergradients; use false");
    if (h.lr_schedule != "constant" || h.warmup > 0)
        throw Infeasible("lr_schedule and warmup cannot be combined with hypergradients, which move lr by themselves");
    HyperStart start;
    const bool momentum = optimizer.moves.front() == "momentum";
    start.used = {h.lr, h.weight_decay, momentum ? h.momentum : h.beta1, h.beta2};
    start.bounded = true;
    std::array<std::string, hyper_count> names = {"lr", "weight_decay"};
    std::ranges::copy(optimizer.moves, names.begin() + 2);
    const auto movable = moved_by(settings->variant);
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
        throw Infeasible("with optimizer = " + h.optimizer + " no parameter with role = hypergradient is left that " +
                         "variant = " + settings->variant + " moves");
    }
    return start;
}

void check_differentiable(const std::map<std::string, Literal>& fixed, const SearchSpace& space) {
    std::map<std::string, Literal> values;  // by today's names
    for (const auto& [name, value] : fixed) values.emplace(hyperparameter_called(name), value);
    const auto is = [&](const char* name, const Literal& value) {
        const auto found = values.find(name);
        return found != values.end() && found->second == value;
    };
    const auto given = values.find("optimizer");
    const auto optimizer = given == values.end() ? Hyperparameters().optimizer : to_string(given->second);
    const auto searches_it = [](const Parameter& one) { return hyperparameter_called(one.name) == "optimizer"; };
    const bool known = std::ranges::none_of(space.parameters(), searches_it);
    if (known && torch_optimizer(optimizer).has("nesterov") && is("nesterov", true))
        throw UserError("trainer.nesterov = true cannot be trained with [trainer.hypergradient]; remove it");
    if (values.contains("lr_schedule") && !is("lr_schedule", std::string("constant")))
        throw UserError(
            "trainer.lr_schedule cannot be combined with [trainer.hypergradient], which moves lr; remove it");
    if (values.contains("warmup") && !is("warmup", 0.0) && !is("warmup", std::int64_t{0}))
        throw UserError("trainer.warmup cannot be combined with [trainer.hypergradient], which moves lr; remove it");
}

HypergradientSettings with_clip(HypergradientSettings settings, const Hyperparameters& h) {
    if (h.gradient_clip > 0) settings.gradient_clip = h.gradient_clip;
    return settings;
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
