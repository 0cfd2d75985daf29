#pragma once
// Training by LibTorch: networks on images (Fashion-MNIST, CIFAR-10), tables (CSV) and text. No LibTorch type is
// visible here.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "space/search_space.hpp"
#include "trainer/hypergradient.hpp"
#include "trainer/trainer.hpp"

namespace stemma {

/// Defaults are those of the job file (docs/job-reference.md, "trainer").
struct TorchSettings {
    std::string data = "fashion_mnist";  ///< or "cifar10", "csv", "text"
    /// csv: the file; text: a plain text, or the folder with ptb.train.txt, ptb.valid.txt, ptb.test.txt; cifar10: the
    /// folder with data_batch_1.bin .. 5 and test_batch.bin; fashion_mnist: the folder, "" = Debian's package
    std::string path;
    std::string target;  ///< csv: name of the column to predict, "" = the last one
    /// Or "rows" (text: always): in the file's order, train, then validation, then test.
    std::string split = "permuted";
    /// Size of the validation set: < 1 a share, else a number of rows. 0: csv, text a tenth; images half of the 10,000
    /// test images. Otherwise images are taken from those for training ("rows": the last ones).
    double valid = 0;
    /// Size of the test set. 0: csv, text a tenth; images: all test images that are not for validation.
    double test = 0;
    std::uint64_t vocabulary = 10000;  ///< text: most words that the model knows, with <unk> for the others; >= 2
    std::uint64_t train_rows = 0;      ///< use only the first so many training rows of the split; 0 = all
    /// Or "lenet" (images of 28 x 28 only), "resnet18" (images), "lstm" (text), "torchscript".
    std::string model = "mlp";
    std::string unit = "epoch";  ///< or "step": what resources count
    /// Values of hyperparameters that the space does not have. Neither there nor here: the default of the job
    /// reference.
    std::map<std::string, Literal> fixed;
    bool inherit_optimiser = true;      ///< a child starts with its parent's moments, else with new ones
    int threads = 1;                    ///< of one training, >= 1
    std::string device = "cpu";         ///< or "cuda", "cuda:1", ...
    bool deterministic = true;          ///< CUDA: only algorithms that give the same bits each time
    bool tf32 = false;                  ///< CUDA: TensorFloat-32 in products and convolutions
    std::string precision = "float32";  ///< or "bf16": automatic mixed precision (weights stay float32)
    /// Where nothing moves: LeNet's first block as one operation (CPU), LibTorch's own LSTM. The same functions,
    /// rounded differently.
    bool fused = true;
    std::uint64_t run_seed = 0;  ///< of splits and of the order of training rows
    /// Hyperparameters with role = "hypergradient" move during training. Needed exactly when the space has such ones
    /// (or for the variants to compare with, which move none).
    std::optional<HypergradientSettings> hypergradient = {};
};

/// Classification: valid_loss, valid_accuracy, test_loss, test_accuracy, train_loss. Regression: valid_loss (mean
/// squared error of the standardised target: 1 is as good as predicting the mean), valid_rmse (in the target's own
/// units), test_loss, test_rmse, train_loss. Text: valid_loss (mean cross-entropy of the next word, in nats),
/// valid_perplexity (its exponential), test_loss, test_perplexity, train_loss. The test metrics are held out.
/// train_loss is the mean over the current epoch so far, in training mode. With hypergradients also, all held out:
/// hyper_step (weight updates so far), hyper_lr, hyper_lr_low and _high (5 % and 95 % of learning rates for each
/// weight), hyper_weight_decay, hyper_momentum (Adam: beta1), hyper_beta2, the same as raw_..., hypergradient_norm,
/// hyper_steps (made so far), and how often a robustness setting acted: hyper_skipped, hyper_clipped, hyper_truncated,
/// hyper_bounded (a value stopped at a bound, or a learning rate at 1e-10 or 1).
std::vector<MetricInfo> torch_metrics(const TorchSettings& settings);

/// Loads the data into memory, once (images stay bytes: 55 MB). Throws UserError naming file, place and remedy: data
/// not there or not what it should be, a split that leaves no rows, an unknown name in `settings` or in the space, a
/// device that this build or machine lacks.
///
/// Training: unit "epoch" gives a row of metrics an epoch; unit "step" at the end of each epoch and where a lease ends.
/// The order of rows is keyed by (run_seed, member, epoch). Text is read in batch_size streams side by side, `sequence`
/// steps a batch, in order; the network's state goes on from batch to batch, and is cleared with each pass. Weights and
/// dropout are drawn from generators keyed by (member's seed, unit), so no generator's state has to travel: 1 + 1 units
/// through a snapshot are bit-equal to 2 in one go on a CPU with one thread. Nothing uses LibTorch's global generators,
/// so several trainers may train in one process. With hypergradients there is a row of metrics for every `log_every`
/// hyper-steps too, with the units completed as its resource and NaN for what is not measured then; `split` of the
/// validation rows serve the hypergradient (variants without one train on them) and the others the metrics. Snapshot:
/// model/<name>, optimiser/<parameter>/<moment>, training/position (step, epoch, row), training/loss, training/state
/// and training/other_state (recurrent networks), hypergradient/... .
std::unique_ptr<Trainer> make_torch_trainer(TorchSettings settings, std::shared_ptr<const SearchSpace> space);

/// Throws the UserError that make_torch_trainer() would throw for all but the data's content: cheap, reads no data.
void check_torch_settings(const TorchSettings& settings, const SearchSpace& space);

/// Throws the UserError that make_torch_trainer() would throw for the content of a table (data = "csv"), which it
/// reads.
void check_torch_data(const TorchSettings& settings);

/// Throws UserError: a role "hypergradient" for what is no hyperparameter of the weight update, or a variant with
/// nothing to move. What has the role but is not moved by the variant stays constant, so that one space serves all
/// variants. Part of check_torch_settings(); for tasks whose loop is Stemma's, too.
void check_moving(const std::optional<HypergradientSettings>& settings, const SearchSpace& space);

/// Names that the space or `fixed` may have.
std::vector<std::string> torch_hyperparameters();

bool torch_has_cuda();        ///< this LibTorch was built with CUDA
int torch_cuda_devices();     ///< GPUs that it sees here and now
std::string torch_version();  ///< "1.13.1"

}  // namespace stemma
