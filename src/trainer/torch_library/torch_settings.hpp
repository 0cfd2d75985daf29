#pragma once
// Settings of a training by LibTorch: networks on images (Fashion-MNIST, CIFAR-10), tables (CSV) and text. No LibTorch
// type is visible here.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "space/parameter.hpp"
#include "trainer/hypergradient.hpp"

namespace stemma {

/// A data set, or a kind of one.
struct TorchData {
    std::string name;
    std::string metric;      ///< measured besides the loss
    std::string needs = {};  ///< what trainer.path must be; "" = it has a default
    bool table = false;      ///< a target column can be named
    bool parts = false;      ///< sizes of validation and test set are shares of all rows
};
const std::vector<TorchData>& torch_data();

/// A built-in model: models.inc.
struct TorchModel {
    std::string name, title;
    std::string takes;                         ///< for messages: "a LeNet takes images of 28 x 28 pixels"
    std::vector<std::string> data;             ///< names of torch_data() that it can be trained on
    std::vector<std::string> hyperparameters;  ///< its own
    std::int64_t width = 128;                  ///< default of this hyperparameter
    bool batch_norm = false;                   ///< always has it
    std::int64_t pixels = 0;                   ///< side of the images that it takes; 0 = any
    bool has(const std::string& hyperparameter) const;
};
const std::vector<TorchModel>& torch_models();

/// An optimizer: optimizers.inc.
struct TorchOptimizer {
    std::string name;
    std::vector<std::string> hyperparameters;  ///< besides lr, weight_decay and gradient_clip
    /// What hypergradients can move besides lr and weight_decay: "momentum", or "beta1" and "beta2".
    std::vector<std::string> moves;
    int moments = 0;  ///< numbers that it keeps for each weight
    bool has(const std::string& hyperparameter) const;
};
const std::vector<TorchOptimizer>& torch_optimizers();

/// One of a list by its name. Throws InternalError.
const TorchData& torch_data(const std::string& name);
const TorchModel& torch_model(const std::string& name);
const TorchOptimizer& torch_optimizer(const std::string& name);

/// What is wrong with a known model for a known data set: "must be \"lstm\" for data = ..."; "" = nothing.
std::string model_mismatch(const TorchModel& model, const std::string& data);

/// Defaults are those of the job file (docs/job-reference.md, "trainer").
struct TorchSettings {
    std::string data = "fashion_mnist";  ///< one of torch_data()
    /// csv: the file; text: a plain text, or the folder with ptb.train.txt, ptb.valid.txt, ptb.test.txt; cifar10: the
    /// folder with data_batch_1.bin .. 5 and test_batch.bin; fashion_mnist: the folder, "" = Debian's package
    std::string path;
    std::string folder;  ///< that the file of a network starts from, unless absolute; "" = the current one
    std::string target;  ///< csv: name of the column to predict, "" = the last one
    /// Or "rows" (text: always): in the file's order, train, then validation, then test.
    std::string split = "permuted";
    /// Size of the validation set: a share if < 1, otherwise a number of rows. 0: for csv and text a tenth, for images
    /// half of the 10,000 test images. Otherwise images are taken from the training images ("rows": the last ones).
    double valid = 0;
    /// Size of the test set. 0: for csv and text a tenth; for images all test images that are not for validation.
    double test = 0;
    std::uint64_t vocabulary = 10000;  ///< text: most words that the model knows, with <unk> for the others; >= 2
    std::uint64_t train_rows = 0;      ///< use only the first so many training rows of the split; 0 = all
    std::string model = "mlp";         ///< one of torch_models()
    std::string unit = "epoch";        ///< or "step": what resources count
    /// Values of hyperparameters that the space does not have. The default of the job reference holds for a
    /// hyperparameter in neither.
    std::map<std::string, Literal> fixed;
    bool inherit_optimizer = true;      ///< a child starts with its parent's moments, else with new ones
    int threads = 1;                    ///< of one training, >= 1
    std::string device = "cpu";         ///< or "cuda", "cuda:1", ...
    bool deterministic = true;          ///< CUDA: only algorithms that give the same bits in each run
    bool tf32 = false;                  ///< CUDA: TensorFloat-32 in products and convolutions
    bool graphs = false;                ///< training steps are recorded once and replayed, on devices with graphs
    std::string precision = "float32";  ///< or "bf16": automatic mixed precision (weights stay float32)
    /// Where nothing moves, LeNet's first block is one operation (CPU), and the LSTM is LibTorch's own. The functions
    /// are the same, but rounded differently.
    bool fused = true;
    std::uint64_t run_seed = 0;  ///< of splits and of the order of training rows
    /// Hyperparameters with role = "hypergradient" move during training. Needed exactly when the space has such
    /// hyperparameters, or for the variants to compare with, which move nothing.
    std::optional<HypergradientSettings> hypergradient = {};
};

template <class Settings>
struct Field;
/// The keys of [trainer] that go there, with ranges.
std::vector<Field<TorchSettings>> torch_fields();

}  // namespace stemma
