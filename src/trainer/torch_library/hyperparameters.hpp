#pragma once
// Hyperparameters of the torch trainer: one configuration as typed, checked numbers. Ranges and meanings are in the
// table of hyperparameters.cpp, which job files are checked by too.

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "space/search_space.hpp"

namespace stemma {

/// A configuration that cannot be trained: becomes FailureKind::infeasible.
struct Infeasible : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// `warmup`, `horizon` and `step_size` are in the trainer's unit.
struct Hyperparameters {
    double lr = 0.001;
    std::int64_t batch_size = 128;
    std::string optimizer = "sgd";  ///< one of torch_optimizers()
    double weight_decay = 0;
    double momentum = 0;
    bool nesterov = false;
    double beta1 = 0.9;
    double beta2 = 0.999;
    double eps = 1e-8;
    bool amsgrad = false;
    double gradient_clip = 0;              ///< largest global norm of a batch's gradient; 0 = none
    std::string lr_schedule = "constant";  ///< "constant", "cosine", "step"
    double warmup = 0;
    double horizon = 0;  ///< 0 = not given
    double step_size = 10;
    double step_gamma = 0.1;
    std::int64_t layers = 2;
    std::int64_t width = 128;         ///< the default depends on the model (TorchModel::width)
    std::string activation = "relu";  ///< "relu", "tanh", "gelu", "silu"
    double dropout = 0;
    bool batch_norm = false;     ///< of models that always have it: true
    std::int64_t sequence = 70;  ///< lstm: steps of a batch
    std::string module;          ///< model "torchscript": the file
};

/// The value in the space (if active), otherwise the value in `fixed`, otherwise the default for `model`. Throws
/// Infeasible naming the hyperparameter, its value and the allowed values. Throws UserError when a value has the wrong
/// kind. Former names (hyperparameter_called()) are understood in both.
Hyperparameters read_hyperparameters(const NamedConfiguration& configuration,
                                     const std::map<std::string, Literal>& fixed, const std::string& model = "mlp");

/// Today's name of a hyperparameter with a former name: "lr_schedule" of "schedule", "optimizer" of "optimiser". Other
/// words are returned unchanged.
std::string hyperparameter_called(const std::string& word);

/// All names, including one_minus_beta1 and one_minus_beta2.
std::vector<std::string> hyperparameter_names();

struct Hyperparameter;  // of trainer/descriptor.hpp
/// The same, as a job file knows them.
std::vector<Hyperparameter> torch_hyperparameters();

}  // namespace stemma
