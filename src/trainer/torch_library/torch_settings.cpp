#include "trainer/torch_library/torch_settings.hpp"

#include <algorithm>

#include "core/error.hpp"

namespace stemma {

const std::vector<TorchModel>& torch_models() {
    static const std::vector<TorchModel> models{
        {"mlp", "MLP", {"fashion_mnist", "cifar10", "csv"}},
        {"lenet", "LeNet", {"fashion_mnist"}},  // 28 x 28 pixels
        {"resnet18", "ResNet-18", {"fashion_mnist", "cifar10"}, 64},
        {"lstm", "LSTM", {"text"}, 650},
        {"torchscript", "TorchScript", {"fashion_mnist", "cifar10", "csv"}},
    };
    return models;
}

const TorchModel& torch_model(const std::string& name) {
    const auto found = std::ranges::find(torch_models(), name, &TorchModel::name);
    ensure(found != torch_models().end(), "a model has one of the names");
    return *found;
}

}  // namespace stemma
