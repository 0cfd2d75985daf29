#include "trainer/torch_library/torch_settings.hpp"

#include <algorithm>

#include "options/of_settings.hpp"
#include "options/words.hpp"

namespace stemma {
namespace {

bool contains(const std::vector<std::string>& list, const std::string& name) {
    return std::ranges::find(list, name) != list.end();
}

}  // namespace

const std::vector<TorchData>& torch_data() {
    static const std::vector<TorchData> all{
        {.name = "fashion_mnist", .metric = "accuracy"},
        {.name = "cifar10", .metric = "accuracy", .needs = "the folder with data_batch_1.bin and the others"},
        {.name = "csv", .metric = "rmse", .needs = "the path of the file", .table = true, .parts = true},
        {.name = "text",
         .metric = "perplexity",
         .needs = "a plain text file, or the folder with ptb.train.txt",
         .parts = true},
    };
    return all;
}

const std::vector<TorchModel>& torch_models() {
#define STEMMA_MODEL(id, ...) {.name = #id, __VA_ARGS__},
    static const std::vector<TorchModel> all{
#include "trainer/torch_library/models.inc"
    };
#undef STEMMA_MODEL
    return all;
}

const std::vector<TorchOptimizer>& torch_optimizers() {
#define STEMMA_OPTIMIZER(id, ...) {.name = #id, __VA_ARGS__},
    static const std::vector<TorchOptimizer> all{
#include "trainer/torch_library/optimizers.inc"
    };
#undef STEMMA_OPTIMIZER
    return all;
}

bool TorchModel::has(const std::string& hyperparameter) const { return contains(hyperparameters, hyperparameter); }
bool TorchOptimizer::has(const std::string& hyperparameter) const { return contains(hyperparameters, hyperparameter); }

const TorchData& torch_data(const std::string& name) { return named(torch_data(), name); }
const TorchModel& torch_model(const std::string& name) { return named(torch_models(), name); }
const TorchOptimizer& torch_optimizer(const std::string& name) { return named(torch_optimizers(), name); }

std::string model_mismatch(const TorchModel& model, const std::string& data) {
    if (contains(model.data, data)) return "";
    std::vector<std::string> fitting;
    for (const auto& other : torch_models()) {
        if (contains(other.data, data)) fitting.push_back(other.name);
    }
    return "must be " + alternatives(fitting) + " for data = " + in_quotes(data) + ": " + model.takes;
}

}  // namespace stemma
