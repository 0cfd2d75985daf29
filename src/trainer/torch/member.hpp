#pragma once
// One member in training: network, optimiser and position in the data.

#include <torch/torch.h>

#include <utility>

#include "core/ids.hpp"
#include "trainer/torch/data/data.hpp"
#include "trainer/torch/hypergradient/one_pass.hpp"
#include "trainer/torch/networks/network.hpp"
#include "trainer/trainer.hpp"

namespace stemma {

/// Where a member stands. `row` is the first row of the current epoch's order that has not been trained on.
struct Position {
    std::int64_t step = 0;
    std::int64_t epoch = 0;
    std::int64_t row = 0;
    friend bool operator==(const Position&, const Position&) = default;
};

class Member {
public:
    /// A new member, trained to nothing. `seed` is the member's own. `moving`: hyperparameters that move during
    /// training (settings.hypergradient), else nullptr. Throws Infeasible.
    Member(const TorchSettings& settings, const Data& data, torch::Device device,
           const Hyperparameters& hyperparameters, const HyperStart* moving, MemberId id, std::uint64_t seed);

    /// Takes over weights, position and, if wished, the optimiser's moments. `adopted`: the snapshot is a parent's,
    /// whose unfinished updates this member would make otherwise. Throws DecodeError when it is of something else.
    void load(const Snapshot& snapshot, bool with_optimiser, bool adopted);
    Snapshot save();

    const Position& position() const { return position_; }
    /// Trains one unit (an epoch, or a step).
    void train_unit();
    /// True after a step that ended an epoch.
    bool at_epoch_end() const { return position_.row == 0; }
    /// With unit "step": metrics are due. Where epochs are shorter than the interval between hyper-steps, not after
    /// each of them.
    bool metrics_due() const;
    /// After a unit's metrics are due: the points of the hyperparameters' trajectory since the last call, as rows of
    /// metrics in which nothing else is measured.
    std::vector<std::vector<double>> take_trajectory() { return std::exchange(trajectory_, {}); }
    /// For the log; "" = nothing: what settings beyond the paper did to hypergradients since load(), or that load()
    /// found the moments of another optimiser. Waits.
    std::string note() const;
    /// Metrics in the order of torch_metrics(). Waits for the device; does not change the member.
    std::vector<double> evaluate();

private:
    void step();
    /// One update of the weights by LibTorch's optimiser; the batch's loss before it.
    torch::Tensor plain_step(const torch::Tensor& batch);
    /// One update by rules that can be differentiated, and a hyper-step if one is due.
    torch::Tensor moving_step(const torch::Tensor& batch);
    /// `state`: of a recurrent network, before and then after this batch.
    torch::Tensor loss_on(const Rows& rows, const torch::Tensor& index, torch::Tensor& state);
    /// Row numbers of an endless walk in batches (shuffled, text in order): the batch of that number. A function of its
    /// arguments.
    torch::Tensor endless_batch(std::int64_t rows, std::int64_t number);
    torch::Tensor other_loss();
    void load_states(const Snapshot& snapshot);
    /// Numbers of the rows in the order of a pass: shuffled by that key, or as they are where the data are text.
    torch::Tensor order_of(std::int64_t rows, std::uint64_t key) const;
    std::vector<double> trajectory_point() const;
    std::unique_ptr<Curvature> again(const OnePass::Recipe& recipe);
    /// By hand where the network can, else nullptr.
    std::unique_ptr<Curvature> curvature_on(const torch::Tensor& batch);
    void begin_epoch();
    bool one_row_is_too_few() const;
    std::int64_t batch_rows() const;
    torch::Tensor loss_of(const torch::Tensor& output, const torch::Tensor& target) const;
    std::vector<double> evaluate(const Rows& rows);

    const TorchSettings& settings_;
    torch::Device device_;
    Hyperparameters hyperparameters_;
    Data data_;                  ///< the trainer's tensors; text: cut into streams
    std::int64_t batch_length_;  ///< rows of a batch; text: steps
    MemberId id_;
    std::uint64_t seed_;
    at::Generator generator_;
    std::shared_ptr<Network> network_;
    bool new_moments_ = false;                            ///< the snapshot had those of another optimiser
    std::unique_ptr<torch::optim::Optimizer> optimiser_;  ///< or
    std::unique_ptr<OnePass> moving_;
    std::vector<std::vector<double>> trajectory_;
    std::int64_t walk_epoch_ = -1;  ///< that walk_ is the order of
    torch::Tensor walk_;
    Position position_;
    torch::Tensor order_;  ///< of the rows in the current epoch; undefined before its first step
    torch::Tensor
        loss_sum_;  ///< float64 [1] on the device: over the rows of the last epoch begun, so that no step waits
    std::int64_t loss_rows_ = 0;
    torch::Tensor state_;        ///< of a recurrent network, in the middle of a pass through the training rows
    torch::Tensor other_state_;  ///< likewise through those of the hypergradient
};

}  // namespace stemma
