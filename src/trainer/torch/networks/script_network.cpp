#include "trainer/torch/networks/script_network.hpp"

#include <torch/script.h>

#include <filesystem>

#include "core/error.hpp"
#include "core/rng.hpp"

namespace stemma {
namespace {

torch::jit::Module read_script(const std::string& file) {
    if (!std::filesystem::is_regular_file(file)) {
        throw UserError("trainer.module: there is no file " + file +
                        "; make it in Python: torch.jit.script(model).save(\"net.pt\")");
    }
    try {
        return torch::jit::load(file, torch::kCPU);
    } catch (const c10::Error& error) {
        const std::string text = error.what_without_backtrace();
        throw UserError("trainer.module: " + file + " cannot be read by LibTorch " TORCH_VERSION ": " +
                        text.substr(0, text.find('\n')) +
                        "; save it with torch.jit.script(model).save(...), by a PyTorch that is not much newer");
    }
}

class ScriptNetwork : public Network {
public:
    ScriptNetwork(const std::string& file, at::Generator& generator)
        : module_(read_script(file)), generator_(generator) {
        for (const auto& item : module_.named_parameters()) place(*this, item.name, item.value, true);
        for (const auto& item : module_.named_buffers()) place(*this, item.name, item.value, false);
    }

    void train(bool on = true) override {
        Network::train(on);
        module_.train(on);
    }

    torch::Tensor forward(torch::Tensor x) override {
        if (is_training()) {
            // A chain of seeds on the host, because a draw from a GPU's generator would make each step wait for the
            // GPU. The chain lives in the generator's state, so that restoring this state gives the same masks again.
            Stream stream(generator_.current_seed(), Purpose::training, 2);
            torch::manual_seed(stream());
            generator_.set_current_seed(stream());
        }
        const auto out = module_.forward({std::move(x)});
        if (!out.isTensor()) throw Infeasible("the module's forward() gives no tensor");
        const auto tensor = out.toTensor();
        return tensor.dim() == 1 ? tensor.unsqueeze(1) : tensor;  // a regression without its last dimension
    }

private:
    /// Registers the module's own tensor at its place in a tree of plain modules, because names with dots cannot be
    /// registered.
    static void place(torch::nn::Module& at, const std::string& name, const torch::Tensor& tensor, bool parameter) {
        const auto dot = name.find('.');
        if (dot == std::string::npos) {
            if (parameter) {
                at.register_parameter(name, tensor, tensor.requires_grad());
            } else {
                at.register_buffer(name, tensor);
            }
            return;
        }
        const auto child = name.substr(0, dot);
        const auto children = at.named_children();
        const auto* found = children.find(child);
        auto next = found != nullptr ? *found : at.register_module(child, std::make_shared<torch::nn::Module>());
        place(*next, name.substr(dot + 1), tensor, parameter);
    }

    torch::jit::Module module_;
    at::Generator& generator_;
};

}  // namespace

std::shared_ptr<Network> make_script_network(const std::string& file, at::Generator& generator) {
    return std::make_shared<ScriptNetwork>(file, generator);
}

std::shared_ptr<Network> make_torchscript(const NetworkRecipe& recipe) {
    return make_script_network(recipe.h.module, recipe.generator);
}

}  // namespace stemma
