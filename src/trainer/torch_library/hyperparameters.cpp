#include "trainer/torch_library/hyperparameters.hpp"

#include <algorithm>

#include "options/make_key.hpp"
#include "options/words.hpp"
#include "trainer/descriptor.hpp"
#include "trainer/torch_library/torch_settings.hpp"

namespace stemma {
namespace {

using namespace make_key;
using H = Hyperparameters;

const Range up_to_one{0, 1, true, false};  // (0, 1]
const Range below_one{0, 1, false, true};  // [0, 1)
const std::string unit = "the trainer's unit";

Field<H> complement_of(const std::string& beta, double H::*member) {
    return {number("one_minus_" + beta, up_to_one, "1 - " + beta + ", for a search on a log scale."),
            [member](H& h, const Checked& checked) { h.*member = 1 - std::get<double>(checked.value); }};
}

std::vector<Field<H>> update_fields() {
    Words optimizers;
    for (const auto& one : torch_optimizers()) optimizers.push_back(one.name);
    return {
        setting(&H::lr, number("lr", above(0), "Learning rate.")),
        setting(&H::batch_size, integer("batch_size", {1, 1e9},
                                        "Rows of one optimizer step; text: streams that are read side by side.")),
        setting(&H::optimizer, choice("optimizer", optimizers, "The update rule.")),
        setting(&H::weight_decay,
                number("weight_decay", at_least(0), "L2 penalty (sgd, adam) or decoupled decay (adamw).")),
        setting(&H::momentum, number("momentum", below_one, "Momentum.")),
        setting(&H::gradient_clip, number("gradient_clip", at_least(0),
                                          "Largest norm of a batch's gradient, before weight decay; 0 = no limit. With "
                                          "hypergradients the clipping is included in the differentiated update and "
                                          "takes precedence over trainer.hypergradient.gradient_clip.")),
        setting(&H::nesterov, flag("nesterov", "Nesterov's momentum (needs momentum > 0).")),
        setting(&H::eps, number("eps", "1e-8", above(0), "Added to the denominator.")),
        setting(&H::amsgrad, flag("amsgrad", "AMSGrad variant.")),
        setting(&H::beta1, number("beta1", below_one, "Decay of the mean of gradients.")),
        complement_of("beta1", &H::beta1),
        setting(&H::beta2, number("beta2", below_one, "Decay of the mean of squared gradients.")),
        complement_of("beta2", &H::beta2),
        setting(&H::lr_schedule,
                formerly("schedule", choice("lr_schedule", {"constant", "cosine", "step"},
                                            "Course of the learning rate over the member's own training."))),
        setting(&H::warmup, in_unit(unit, number("warmup", at_least(0),
                                                 "Training over which the learning rate rises linearly to lr."))),
        {default_is("scheduler.max as in the job file",
                    in_unit(unit, number("horizon", above(0), "Training after which the cosine has come down to 0."))),
         into(&H::horizon)},
        setting(&H::step_size,
                in_unit(unit, number("step_size", above(0), "Training between two drops of the learning rate."))),
        setting(&H::step_gamma, number("step_gamma", up_to_one, "Factor of each drop.")),
    };
}

std::vector<Field<H>> model_fields() {
    return {
        setting(&H::layers, integer("layers", {0, 1000}, "Hidden layers, or LSTM layers.")),
        setting(&H::width, integer("width", {1, 1e6},
                                   "Neurons of a hidden layer; ResNet-18: maps of the first stage; LSTM: of each layer "
                                   "and the embedding.")),
        setting(&H::activation, choice("activation", {"relu", "tanh", "gelu", "silu"}, "Activation of hidden layers.")),
        setting(&H::dropout, number("dropout", {0, 1},
                                    "Probability of dropping a hidden neuron (LeNet: a map of the second convolution; "
                                    "LSTM: between layers).")),
        setting(&H::sequence,
                integer("sequence", {1, 1e6}, "Steps of one batch of text, through which the gradient goes back.")),
        setting(&H::batch_norm, flag("batch_norm", "Batch normalization in hidden layers.")),
        {text("module", "The file that the network is in; searched as a categorical parameter, each of several."),
         into(&H::module)},
    };
}

/// A hyperparameter and where its value goes.
struct Row : Hyperparameter {
    std::function<void(H&, const Checked&)> store;
};

/// Some have a use only with some models, optimizers or schedules.
void find_use(Row& row) {
    const auto& name = row.key.name;
    const auto with = [&](const std::string& key, const auto& all) {
        for (const auto& one : all) {
            if (!one.has(name)) continue;
            row.needs = key;
            row.needs_values.push_back(one.name);
        }
    };
    with("model", torch_models());
    with("optimizer", torch_optimizers());
    if (row.needs.empty() && (name == "horizon" || name.starts_with("step_"))) {
        row.needs = "lr_schedule";
        row.needs_values = {name == "horizon" ? "cosine" : "step"};
    }
}

/// Models may have another width by default.
void add_widths(Row& row) {
    row.key.default_note = row.key.default_text;
    for (const auto& model : torch_models()) {
        const auto own = std::to_string(model.width);
        if (!model.has("width") || own == row.key.default_text) continue;
        row.other_defaults[model.name] = own;
        row.key.default_note += "; " + model.name + ": " + own;
    }
}

const std::vector<Row>& table() {
    static const auto all = [] {
        const Words structural{"optimizer", "layers", "width", "activation", "batch_norm", "module"};
        std::vector<Row> rows;
        for (auto& field : concatenated(update_fields(), model_fields())) {
            auto& row = rows.emplace_back();
            row.key = std::move(field.key);
            row.store = std::move(field.store);
            const auto& name = row.key.name;
            find_use(row);
            if (name == "width") add_widths(row);
            if (name.find("beta") != std::string::npos)
                row.other_form = name.starts_with("beta") ? "one_minus_" + name : name.substr(name.size() - 5);
            row.structural = std::ranges::find(structural, name) != structural.end();
            row.to_max = name == "horizon";
        }
        return rows;
    }();
    return all;
}

/// The value of a hyperparameter, by the kind that it must have; nothing where the configuration does not have it.
std::optional<Literal> find(const NamedConfiguration& configuration, const Key& key, const std::string& name) {
    if (!configuration.has(name)) return std::nullopt;
    switch (key.type) {
        case KeyType::integer:
            return configuration.integer(name);
        case KeyType::number:
            return configuration.real(name);
        case KeyType::boolean:
            return configuration.boolean(name);
        default:
            return configuration.text(name);
    }
}

SearchSpace space_of(const std::map<std::string, Literal>& fixed) {
    std::vector<Parameter> parameters;
    for (const auto& [name, value] : fixed) {
        Parameter parameter;
        parameter.name = name;
        parameter.domain = Constant{value};
        parameters.push_back(std::move(parameter));
    }
    return SearchSpace(std::move(parameters));
}

/// By today's name, otherwise by a former one.
std::optional<Literal> find(const NamedConfiguration& configuration, const Key& key) {
    if (auto value = find(configuration, key, key.name)) return value;
    for (const auto& parameter : configuration.space().parameters()) {
        if (!key.called(parameter.name)) continue;
        if (auto value = find(configuration, key, parameter.name)) return value;
    }
    return std::nullopt;
}

[[noreturn]] void refuse(const std::string& name, const Literal& value, const std::string& allowed) {
    throw Infeasible(name + " = " + to_string(value) + " cannot be trained: it must be " + allowed);
}

}  // namespace

Hyperparameters read_hyperparameters(const NamedConfiguration& configuration,
                                     const std::map<std::string, Literal>& fixed, const std::string& model) {
    const auto constants = space_of(fixed);
    const auto values = constants.from_unit(std::vector<double>(fixed.size()));
    const NamedConfiguration second(constants, values);
    Hyperparameters h;
    h.width = torch_model(model).width;
    for (const auto& row : table()) {
        auto value = find(configuration, row.key);
        if (!value) value = find(second, row.key);
        if (!value) continue;
        const auto checked = check_value(row.key, *value);
        if (!checked) refuse(row.key.name, *value, allowed_text(row.key));
        row.store(h, *checked);
    }
    h.batch_norm = h.batch_norm || torch_model(model).batch_norm;
    if (h.nesterov && h.momentum == 0 && torch_optimizer(h.optimizer).has("nesterov"))
        refuse("momentum", h.momentum, "> 0 with nesterov = true");
    if (h.lr_schedule == "cosine" && h.horizon == 0)
        refuse("horizon", h.horizon, "given and > 0 with lr_schedule = cosine");
    return h;
}

std::string hyperparameter_called(const std::string& word) {
    const auto at = std::ranges::find_if(table(), [&](const Row& row) { return row.key.called(word); });
    return at == table().end() ? word : at->key.name;
}

std::vector<std::string> hyperparameter_names() {
    std::vector<std::string> names;
    for (const auto& row : table()) names.push_back(row.key.name);
    return names;
}

std::vector<Hyperparameter> torch_hyperparameters() { return {table().begin(), table().end()}; }

}  // namespace stemma
