#pragma once
// An optimizer's update whose changing values lie in memory of the device, so that recorded kernels can be replayed.

#include <torch/torch.h>

#include <string>
#include <vector>

#include "trainer/torch/optimizer_code.hpp"

namespace stemma {

/// The update of an optimizer of torch_optimizers(), on this optimizer's own moments. Results differ from the
/// optimizer's by the rounding of float32.
class DeviceUpdate {
public:
    /// `optimizer` has made an update of each parameter that has a gradient. Both live on. Costs nothing.
    DeviceUpdate(torch::optim::Optimizer& optimizer, const std::string& name);

    /// Counts the next update, and sends its values with the learning rate that the optimizer has now. Not waited for.
    void prepare();
    /// The kernels of the update that was prepared, by the parameters' gradients.
    void make();

private:
    torch::optim::Optimizer& optimizer_;
    OptimizerCode code_;
    torch::Tensor values_;  ///< [of one update], of the parameters' type
};

}  // namespace stemma
