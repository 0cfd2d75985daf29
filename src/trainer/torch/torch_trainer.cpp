#include "trainer/torch/torch_trainer.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/error.hpp"
#include "core/suggest.hpp"
#include "options/field.hpp"
#include "options/words.hpp"
#include "platform/user_path.hpp"
#include "space/text.hpp"
#include "trainer/torch/data/baseline.hpp"
#include "trainer/torch/data/data.hpp"
#include "trainer/torch/device.hpp"
#include "trainer/torch/hypergradient/start.hpp"
#include "trainer/torch/networks/network_problem.hpp"
#include "trainer/torch/networks/script_network.hpp"
#include "trainer/torch/training_loop.hpp"
#include "trainer/torch_library/hyperparameters.hpp"

namespace stemma {
namespace {

/// `fault` is the message where `found` is not in `allowed`.
void demand_one_of(const std::string& fault, const std::string& found, const std::vector<std::string>& allowed) {
    std::string list;
    for (const auto& word : allowed) {
        if (word == found) return;
        list += (list.empty() ? "" : ", ") + word;
    }
    throw UserError(fault + did_you_mean(found, allowed) + "; use one of: " + list);
}

void demand_known(const std::string& key, const std::string& found, const std::vector<std::string>& allowed) {
    demand_one_of(key + " = \"" + found + "\" is unknown", found, allowed);
}

void demand_hyperparameter(const std::string& name, const std::string& where) {
    demand_one_of("\"" + name + "\" in " + where + " is no hyperparameter of this trainer", name,
                  hyperparameter_names());
}

template <class Known>
void demand_known(const std::string& key, const std::string& found, const std::vector<Known>& all) {
    std::vector<std::string> names;
    for (const auto& one : all) names.push_back(one.name);
    demand_known(key, found, names);
}

/// Model and data are known, and go together.
void check_model(const TorchSettings& settings) {
    demand_known("trainer.data", settings.data, torch_data());
    demand_known("trainer.model", settings.model, torch_models());
    const auto wrong = model_mismatch(torch_model(settings.model), settings.data);
    if (!wrong.empty()) throw UserError("trainer.model = \"" + settings.model + "\" " + wrong);
}

class TorchTrainer : public Trainer {
public:
    TorchTrainer(TorchSettings settings, torch::Device device)
        : settings_(std::move(settings)), device_(device), metrics_(torch_metrics(settings_)) {
        set_process_flags(settings_, device_);
        set_threads(settings_.threads);
        data_ = load_data(settings_, device_);
        set_baselines(data_, metrics_);
        const auto pixels = torch_model(settings_.model).pixels;
        if (pixels > 0 && !(data_.images() && data_.train.x[0].sizes() == at::IntArrayRef{1, pixels, pixels})) {
            throw UserError("model = \"" + settings_.model + "\": " + torch_model(settings_.model).takes +
                            "; use another model for " + data_.name);
        }
    }

    std::span<const MetricInfo> metrics() const override { return metrics_; }

    std::string describe() const override {
        const auto threads = std::to_string(settings_.threads) + (settings_.threads == 1 ? " thread" : " threads");
        const auto blas = device_.is_cpu() ? blas_text() : "";
        return data_.name + ", " + torch_model(settings_.model).title + ", " +
               (device_.is_cpu() ? "CPU " + threads : device_.str()) + ", LibTorch " + torch_version() +
               (blas.empty() ? "" : ", " + blas) +
               (settings_.inherit_optimizer ? "" : ", children begin with new moments");
    }

    TrainResult train(const TrainRequest& request) override {
        const LoopSettings loop{.unit = settings_.unit,
                                .run_seed = settings_.run_seed,
                                .threads = settings_.threads,
                                .device = device_,
                                .inherit_optimizer = settings_.inherit_optimizer,
                                .hypergradient = settings_.hypergradient,
                                .graphs = settings_.graphs};
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
    const auto& other = torch_data(settings.data).metric;
    std::vector<MetricInfo> metrics{
        {"valid_loss"}, {"valid_" + other}, {"test_loss", true}, {"test_" + other, true}, {"train_loss"}};
    if (settings.hypergradient) std::ranges::move(moving_metrics(), std::back_inserter(metrics));
    return metrics;
}

namespace {

/// Each file that a member could be made from is loaded once, so that mistakes are found before the start.
void check_modules(const TorchSettings& settings, const SearchSpace& space) {
    std::vector<std::string> files;
    if (const auto at = settings.fixed.find("module"); at != settings.fixed.end())
        files.push_back(to_string(at->second));
    if (const auto index = space.find("module")) {
        for (const auto& literal : choices(space[*index].domain)) files.push_back(to_string(literal));
    }
    if (files.empty())
        throw UserError("trainer.module: is missing; model = \"torchscript\" needs the file of a network");
    auto generator = make_generator(torch::kCPU);
    for (const auto& file : files)
        static_cast<void>(make_script_network(placed_path(file, settings.folder), generator));
}

}  // namespace

void check_torch_settings(const TorchSettings& settings, const SearchSpace& space) {
    check_model(settings);
    require_ranges("trainer", torch_fields(), settings);
    demand_known("trainer.unit", settings.unit, {"epoch", "step"});
    demand_known("trainer precision", settings.precision, {"float32", "bf16"});
    if (settings.threads < 1)
        throw UserError("threads = " + std::to_string(settings.threads) + ": a training needs at least one");
    for (const auto& parameter : space.parameters())
        demand_hyperparameter(hyperparameter_called(parameter.name), "[space]");
    check_moving(settings.hypergradient, space);
    for (const auto& [name, value] : settings.fixed) demand_hyperparameter(hyperparameter_called(name), "[trainer]");
    if (settings.hypergradient) check_differentiable(settings.fixed, space);
    if (torch_model(settings.model).has("module")) check_modules(settings, space);
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
