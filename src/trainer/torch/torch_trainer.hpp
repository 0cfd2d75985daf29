#pragma once
// Training by LibTorch. No LibTorch type is visible here.

#include <memory>
#include <string>
#include <vector>

#include "space/search_space.hpp"
#include "trainer/torch_library/torch_settings.hpp"
#include "trainer/trainer.hpp"

namespace stemma {

/// Classification: valid_loss, valid_accuracy, test_loss, test_accuracy, train_loss. Regression: valid_loss (mean
/// squared error of the standardized target: 1 is as good as predicting the mean), valid_rmse (in the target's own
/// units), test_loss, test_rmse, train_loss. Text: valid_loss (mean cross-entropy of the next word, in nats),
/// valid_perplexity (its exponential), test_loss, test_perplexity, train_loss. The test metrics are held out.
/// train_loss is the mean over the current epoch so far, in training mode. With hypergradients also, all held out:
/// hyper_step (weight updates so far), hyper_lr, hyper_lr_low and _high (5 % and 95 % of learning rates for each
/// weight), hyper_weight_decay, hyper_momentum (Adam: beta1), hyper_beta2, the same as raw_..., hypergradient_norm,
/// hyper_steps (made so far), and how often a robustness setting acted: hyper_skipped, hyper_clipped, hyper_truncated,
/// hyper_bounded (a value stopped at a bound, or a learning rate at 1e-10 or 1).
std::vector<MetricInfo> torch_metrics(const TorchSettings& settings);

/// Loads the data into memory, once (images stay bytes: 55 MB). Throws UserError naming the file, the place and the
/// remedy. Reasons: missing or wrong data, a split without rows, an unknown name in `settings` or in the space, a
/// device that this build or machine lacks.
///
/// The training is that of training_loop.hpp. Text is read in batch_size streams side by side, `sequence` steps a
/// batch, in order. The network's state goes on from batch to batch, and is cleared with each pass. On a CPU with one
/// thread, 1 + 1 units through a snapshot are bit-equal to 2 units in one request. LibTorch's global generators are not
/// used, so that several trainers may train in one process. With hypergradients, the share `split` of the validation
/// rows serves the hypergradient and the others the metrics. Variants without hypergradient train on this share.
std::unique_ptr<Trainer> make_torch_trainer(TorchSettings settings, std::shared_ptr<const SearchSpace> space);

/// Throws the UserError of make_torch_trainer() for everything but the content of the data. Cheap: reads no data.
void check_torch_settings(const TorchSettings& settings, const SearchSpace& space);

/// Throws the UserError of make_torch_trainer() for the content of a table (data = "csv"), which is read.
void check_torch_data(const TorchSettings& settings);

/// Of the GPUs that this LibTorch is for: "cuda" (also AMD's), "xpu", or the name of an accelerator that a loaded
/// library has registered as PrivateUse1, as "npu". "" = none.
std::string torch_gpu_kind();
int torch_gpus();             ///< of that kind, that it sees here and now
std::string torch_version();  ///< "1.13.1"

}  // namespace stemma
