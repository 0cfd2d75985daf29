#include "trainer/torch/hyperparameters.hpp"

#include <cmath>
#include <initializer_list>
#include <string_view>

#include "core/error.hpp"
#include "trainer/torch_library/torch_settings.hpp"

namespace stemma {
namespace {

struct Complements {
    double beta1 = 0, beta2 = 0;
};

/// Each hyperparameter by name, with what it is read into. `beta1` and `beta2` may be given as one_minus_...
template <class Visit>
void visit_all(Hyperparameters& h, Complements& complements, const Visit& visit) {
    visit("lr", h.lr);
    visit("batch_size", h.batch_size);
    visit("optimiser", h.optimizer);
    visit("weight_decay", h.weight_decay);
    visit("momentum", h.momentum);
    visit("nesterov", h.nesterov);
    visit("beta1", h.beta1);
    visit("one_minus_beta1", complements.beta1);
    visit("beta2", h.beta2);
    visit("one_minus_beta2", complements.beta2);
    visit("eps", h.eps);
    visit("amsgrad", h.amsgrad);
    visit("gradient_clip", h.gradient_clip);
    visit("schedule", h.schedule);
    visit("warmup", h.warmup);
    visit("horizon", h.horizon);
    visit("step_size", h.step_size);
    visit("step_gamma", h.step_gamma);
    visit("layers", h.layers);
    visit("width", h.width);
    visit("activation", h.activation);
    visit("dropout", h.dropout);
    visit("batch_norm", h.batch_norm);
    visit("sequence", h.sequence);
    visit("module", h.module);
}

/// Reads from the configuration, or from `fixed` seen as a configuration of constants.
class Reader {
public:
    Reader(const NamedConfiguration& configuration, const std::map<std::string, Literal>& fixed)
        : configuration_(&configuration),
          constants_(space_of(fixed)),
          values_(constants_.from_unit(std::vector<double>(fixed.size()))) {}

    bool has(std::string_view name) const { return source(name).has(name); }
    template <class T>
    void get(std::string_view name, T& value) const {
        if (!has(name)) return;
        if constexpr (std::is_same_v<T, double>) value = source(name).real(name);
        if constexpr (std::is_same_v<T, std::int64_t>) value = source(name).integer(name);
        if constexpr (std::is_same_v<T, bool>) value = source(name).boolean(name);
        if constexpr (std::is_same_v<T, std::string>) value = source(name).text(name);
    }

private:
    static SearchSpace space_of(const std::map<std::string, Literal>& fixed) {
        std::vector<Parameter> parameters;
        for (const auto& [name, value] : fixed) {
            Parameter parameter;
            parameter.name = name;
            parameter.domain = Constant{value};
            parameters.push_back(std::move(parameter));
        }
        return SearchSpace(std::move(parameters));
    }
    NamedConfiguration source(std::string_view name) const {
        return configuration_->has(name) ? *configuration_ : NamedConfiguration(constants_, values_);
    }

    const NamedConfiguration* configuration_;
    SearchSpace constants_;
    Configuration values_;
};

template <class T>
void demand(bool right, std::string_view name, const T& found, std::string_view allowed) {
    if (right) return;
    std::string text;
    if constexpr (std::is_arithmetic_v<T>) {
        text = to_string(Literal{found});
    } else {
        text = found;
    }
    throw Infeasible(std::string(name) + " = " + text + " cannot be trained: it must be " + std::string(allowed));
}

void demand_one_of(std::string_view name, const std::string& found, std::initializer_list<std::string_view> allowed) {
    std::string list;
    for (const auto word : allowed) {
        if (word == found) return;
        list += (list.empty() ? "one of " : ", ") + std::string(word);
    }
    demand(false, name, found, list);
}

void check_optimizer(const Hyperparameters& h) {
    demand_one_of("optimiser", h.optimizer, {"sgd", "adam", "adamw"});
    demand(std::isfinite(h.lr) && h.lr > 0, "lr", h.lr, "> 0");
    demand(std::isfinite(h.weight_decay) && h.weight_decay >= 0, "weight_decay", h.weight_decay, ">= 0");
    demand(h.momentum >= 0 && h.momentum < 1, "momentum", h.momentum, "in [0, 1)");
    demand(!h.nesterov || h.momentum > 0 || h.optimizer != "sgd", "momentum", h.momentum, "> 0 with nesterov = true");
    demand(h.beta1 >= 0 && h.beta1 < 1, "beta1", h.beta1, "in [0, 1)");
    demand(h.beta2 >= 0 && h.beta2 < 1, "beta2", h.beta2, "in [0, 1)");
    demand(std::isfinite(h.eps) && h.eps > 0, "eps", h.eps, "> 0");
    demand(h.gradient_clip >= 0, "gradient_clip", h.gradient_clip, ">= 0");
}

void check_schedule(const Hyperparameters& h) {
    demand_one_of("schedule", h.schedule, {"constant", "cosine", "step"});
    demand(std::isfinite(h.warmup) && h.warmup >= 0, "warmup", h.warmup, ">= 0");
    if (h.schedule == "cosine") demand(h.horizon > 0, "horizon", h.horizon, "given and > 0 with schedule = cosine");
    if (h.schedule == "step") {
        demand(h.step_size > 0, "step_size", h.step_size, "> 0");
        demand(h.step_gamma > 0 && h.step_gamma <= 1, "step_gamma", h.step_gamma, "in (0, 1]");
    }
}

void check_model(const Hyperparameters& h) {
    constexpr std::int64_t layers_max = 1000;
    constexpr std::int64_t width_max = 1 << 20U;
    demand(h.batch_size >= 1, "batch_size", h.batch_size, ">= 1");
    demand(h.layers >= 0 && h.layers <= layers_max, "layers", h.layers, "0 to 1000");
    demand(h.width >= 1 && h.width <= width_max, "width", h.width, "1 to 1048576");
    demand_one_of("activation", h.activation, {"relu", "tanh", "gelu", "silu"});
    demand(h.sequence >= 1, "sequence", h.sequence, ">= 1");
    demand(h.dropout >= 0 && h.dropout <= 1, "dropout", h.dropout, "in [0, 1]");
}

}  // namespace

Hyperparameters read_hyperparameters(const NamedConfiguration& configuration,
                                     const std::map<std::string, Literal>& fixed, const std::string& model) {
    const Reader reader(configuration, fixed);
    Hyperparameters h;
    h.width = torch_model(model).width;
    Complements complements;
    visit_all(h, complements, [&](std::string_view name, auto& value) { reader.get(name, value); });
    reader.get("optimizer", h.optimizer);
    if (reader.has("one_minus_beta1")) h.beta1 = 1 - complements.beta1;
    if (reader.has("one_minus_beta2")) h.beta2 = 1 - complements.beta2;
    if (model == "resnet18") h.batch_norm = true;
    check_optimizer(h);
    check_schedule(h);
    check_model(h);
    return h;
}

std::vector<std::string> hyperparameter_names() {
    Hyperparameters h;
    Complements complements;
    std::vector<std::string> names;
    visit_all(h, complements, [&](std::string_view name, const auto&) { names.emplace_back(name); });
    return names;
}

}  // namespace stemma
