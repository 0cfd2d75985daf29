#include "trainer/torch/hyperparameters.hpp"

#include <cmath>
#include <initializer_list>
#include <string_view>

#include "core/error.hpp"

namespace stemma {
namespace {

/// Reads from the configuration, or from `fixed` seen as a configuration of constants.
class Reader {
public:
    Reader(const NamedConfiguration& configuration, const std::map<std::string, Literal>& fixed)
        : configuration_(&configuration),
          constants_(space_of(fixed)),
          values_(constants_.from_unit(std::vector<double>(fixed.size()))) {}

    bool has(std::string_view name) const { return source(name).has(name); }
    void get(std::string_view name, double& value) const {
        if (has(name)) value = source(name).real(name);
    }
    void get(std::string_view name, std::int64_t& value) const {
        if (has(name)) value = source(name).integer(name);
    }
    void get(std::string_view name, bool& value) const {
        if (has(name)) value = source(name).boolean(name);
    }
    void get(std::string_view name, std::string& value) const {
        if (has(name)) value = source(name).text(name);
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

void check_optimiser(const Hyperparameters& h) {
    demand_one_of("optimiser", h.optimiser, {"sgd", "adam", "adamw"});
    demand(std::isfinite(h.lr) && h.lr > 0, "lr", h.lr, "> 0");
    demand(std::isfinite(h.weight_decay) && h.weight_decay >= 0, "weight_decay", h.weight_decay, ">= 0");
    demand(h.momentum >= 0 && h.momentum < 1, "momentum", h.momentum, "in [0, 1)");
    demand(!h.nesterov || h.momentum > 0 || h.optimiser != "sgd", "momentum", h.momentum, "> 0 with nesterov = true");
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
    if (model == "resnet18") h.width = 64;
    if (model == "lstm") h.width = 650;
    reader.get("lr", h.lr);
    reader.get("batch_size", h.batch_size);
    reader.get("optimiser", h.optimiser);
    reader.get("weight_decay", h.weight_decay);
    reader.get("momentum", h.momentum);
    reader.get("nesterov", h.nesterov);
    reader.get("beta1", h.beta1);
    reader.get("beta2", h.beta2);
    double complement = 0;
    if (reader.has("one_minus_beta1")) reader.get("one_minus_beta1", complement), h.beta1 = 1 - complement;
    if (reader.has("one_minus_beta2")) reader.get("one_minus_beta2", complement), h.beta2 = 1 - complement;
    reader.get("eps", h.eps);
    reader.get("amsgrad", h.amsgrad);
    reader.get("gradient_clip", h.gradient_clip);
    reader.get("schedule", h.schedule);
    reader.get("warmup", h.warmup);
    reader.get("horizon", h.horizon);
    reader.get("step_size", h.step_size);
    reader.get("step_gamma", h.step_gamma);
    reader.get("layers", h.layers);
    reader.get("width", h.width);
    reader.get("activation", h.activation);
    reader.get("dropout", h.dropout);
    reader.get("batch_norm", h.batch_norm);
    if (model == "resnet18") h.batch_norm = true;
    reader.get("sequence", h.sequence);
    reader.get("module", h.module);
    check_optimiser(h);
    check_schedule(h);
    check_model(h);
    return h;
}

std::vector<std::string> hyperparameter_names() {
    return {"lr",         "batch_size", "optimiser",       "weight_decay", "momentum",
            "nesterov",   "beta1",      "one_minus_beta1", "beta2",        "one_minus_beta2",
            "eps",        "amsgrad",    "gradient_clip",   "schedule",     "warmup",
            "horizon",    "step_size",  "step_gamma",      "layers",       "width",
            "activation", "dropout",    "batch_norm",      "sequence",     "module"};
}

}  // namespace stemma
