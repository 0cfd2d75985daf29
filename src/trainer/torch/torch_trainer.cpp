#include "trainer/torch/torch_trainer.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/error.hpp"
#include "core/suggest.hpp"
#include "trainer/torch/data/data.hpp"
#include "trainer/torch/device.hpp"
#include "trainer/torch/hypergradient/start.hpp"
#include "trainer/torch/hyperparameters.hpp"
#include "trainer/torch/networks/network_problem.hpp"
#include "trainer/torch/networks/script_network.hpp"
#include "trainer/torch/training_loop.hpp"

namespace stemma {
namespace {

void demand_one_of(const char* key, const std::string& found, const std::vector<std::string>& allowed) {
    std::string list;
    for (const auto& word : allowed) {
        if (word == found) return;
        list += (list.empty() ? "" : ", ") + word;
    }
    throw UserError(std::string(key) + " = \"" + found + "\" is unknown" + did_you_mean(found, allowed) +
                    "; there are: " + list);
}

void demand_hyperparameter(const std::string& name, const char* where) {
    const auto known = hyperparameter_names();
    if (std::find(known.begin(), known.end(), name) != known.end()) return;
    std::string list;
    for (const auto& word : known) list += (list.empty() ? "" : ", ") + word;
    throw UserError("\"" + name + "\" in " + where + " is no hyperparameter of this trainer" +
                    did_you_mean(name, known) + "; there are: " + list);
}

std::string title(const std::string& model) {
    static const std::map<std::string, std::string> titles = {{"mlp", "MLP"},
                                                              {"lenet", "LeNet"},
                                                              {"resnet18", "ResNet-18"},
                                                              {"lstm", "LSTM"},
                                                              {"torchscript", "TorchScript"}};
    return titles.at(model);
}

/// Which data a model can be trained on.
void check_pair(const std::string& model, const std::string& data) {
    const bool images = data == "fashion_mnist" || data == "cifar10";
    if (data == "text" && model != "lstm")
        throw UserError("trainer.model = \"" + model + "\" cannot read data = \"text\"; use model = \"lstm\"");
    if (model == "lstm" && data != "text")
        throw UserError("trainer.model = \"lstm\" reads text; use data = \"text\", or another model");
    if (model == "lenet" && data != "fashion_mnist") {
        throw UserError(std::string("trainer.model = \"lenet\" needs images of 28 x 28; use model = ") +
                        (images ? "\"resnet18\" or \"mlp\"" : "\"mlp\"") + " with data = \"" + data + "\"");
    }
    if (model == "resnet18" && !images)
        throw UserError("trainer.model = \"resnet18\" needs images; use model = \"mlp\" with data = \"" + data + "\"");
}

class TorchTrainer : public Trainer {
public:
    TorchTrainer(TorchSettings settings, torch::Device device)
        : settings_(std::move(settings)), device_(device), metrics_(torch_metrics(settings_)) {
        set_process_flags(settings_, device_);
        set_threads(settings_.threads);
        data_ = load_data(settings_, device_);
        if (settings_.model == "lenet" && !(data_.images() && data_.train.x[0].sizes() == at::IntArrayRef{1, 28, 28})) {
            throw UserError("model = \"lenet\" needs images of 28 x 28; use model = \"mlp\" for " + data_.name);
        }
    }

    std::span<const MetricInfo> metrics() const override { return metrics_; }

    std::string describe() const override {
        const auto threads = std::to_string(settings_.threads) + (settings_.threads == 1 ? " thread" : " threads");
        return data_.name + ", " + title(settings_.model) + ", " +
               (device_.is_cpu() ? "CPU " + threads : device_.str()) + ", LibTorch " + torch_version() +
               (settings_.inherit_optimiser ? "" : ", children begin with new moments");
    }

    TrainResult train(const TrainRequest& request) override {
        const LoopSettings loop{settings_.unit, settings_.run_seed,          settings_.threads,
                                device_,        settings_.inherit_optimiser, settings_.hypergradient};
        return train_member(loop, metrics_, request,
                            [&] { return std::make_unique<NetworkProblem>(settings_, data_, device_, request); });
    }

private:
    TorchSettings settings_;
    torch::Device device_;
    std::vector<MetricInfo> metrics_;
    Data data_;
};

}  // namespace

std::vector<MetricInfo> torch_metrics(const TorchSettings& settings) {
    const std::string other = settings.data == "csv" ? "rmse" : settings.data == "text" ? "perplexity" : "accuracy";
    std::vector<MetricInfo> metrics{
        {"valid_loss"}, {"valid_" + other}, {"test_loss", true}, {"test_" + other, true}, {"train_loss"}};
    if (settings.hypergradient) std::ranges::move(moving_metrics(), std::back_inserter(metrics));
    return metrics;
}

namespace {

/// Each file that a member could be made from is loaded once: mistakes come before the start.
void check_modules(const TorchSettings& settings, const SearchSpace& space) {
    std::vector<std::string> files;
    if (const auto at = settings.fixed.find("module"); at != settings.fixed.end())
        files.push_back(to_string(at->second));
    const auto index = space.find("module");
    if (index) {
        const auto& domain = space.parameters()[*index].domain;
        std::vector<Literal> literals;
        if (const auto* categorical = std::get_if<Categorical>(&domain)) literals = categorical->choices;
        if (const auto* ordinal = std::get_if<Ordinal>(&domain)) literals = ordinal->levels;
        if (const auto* constant = std::get_if<Constant>(&domain)) literals = {constant->value};
        for (const auto& literal : literals) files.push_back(to_string(literal));
    }
    if (files.empty())
        throw UserError("trainer.module: is missing; model = \"torchscript\" needs the file of a network");
    auto generator = make_generator(torch::kCPU);
    for (const auto& file : files) static_cast<void>(make_script_network(file, generator));
}

}  // namespace

void check_torch_settings(const TorchSettings& settings, const SearchSpace& space) {
    demand_one_of("trainer.data", settings.data, {"fashion_mnist", "cifar10", "csv", "text"});
    demand_one_of("trainer.split", settings.split, {"permuted", "rows"});
    demand_one_of("trainer.model", settings.model, {"mlp", "lenet", "resnet18", "lstm", "torchscript"});
    demand_one_of("trainer.unit", settings.unit, {"epoch", "step"});
    demand_one_of("trainer precision", settings.precision, {"float32", "bf16"});
    check_pair(settings.model, settings.data);
    if (settings.threads < 1)
        throw UserError("threads = " + std::to_string(settings.threads) + ": a training needs at least one");
    if (!(settings.valid >= 0) || !(settings.test >= 0)) throw UserError("trainer.valid and trainer.test must be >= 0");
    if (settings.vocabulary < 2)
        throw UserError("trainer.vocabulary = " + std::to_string(settings.vocabulary) + ": there must be two words");
    for (const auto& parameter : space.parameters()) {
        demand_hyperparameter(parameter.name, "[space]");
    }
    check_moving(settings.hypergradient, space);
    for (const auto& [name, value] : settings.fixed) demand_hyperparameter(name, "[trainer]");
    if (settings.hypergradient) check_differentiable(settings.fixed, space);
    if (settings.model == "torchscript") check_modules(settings, space);
    checked_device(settings.device);
    check_data_files(settings);
}

void check_torch_data(const TorchSettings& settings) { check_data(settings); }

std::unique_ptr<Trainer> make_torch_trainer(TorchSettings settings, std::shared_ptr<const SearchSpace> space) {
    check_torch_settings(settings, *space);
    const auto device = checked_device(settings.device);
    return std::make_unique<TorchTrainer>(std::move(settings), device);
}

}  // namespace stemma
