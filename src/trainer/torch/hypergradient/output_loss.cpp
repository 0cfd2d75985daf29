#include "trainer/torch/hypergradient/output_loss.hpp"

namespace stemma {

OutputLoss::OutputLoss(const torch::Tensor& output, const torch::Tensor& y) {
    const torch::NoGradGuard no_grad;
    const auto rows = static_cast<double>(output.size(0));
    if (y.scalar_type() == torch::kInt64) {
        const auto classes = y.flatten();
        const auto logarithms = torch::log_softmax(output, 1);
        value_ = torch::nll_loss(logarithms, classes);
        share_ = logarithms.exp();
        gradient_ = share_.clone();
        gradient_.scatter_add_(1, classes.unsqueeze(1), torch::full({classes.size(0), 1}, -1.0, output.options()));
        gradient_.div_(rows);
    } else {
        const auto difference = output - y.unsqueeze(1);
        value_ = difference.square().mean();
        gradient_ = difference * (2 / rows);
    }
}

torch::Tensor OutputLoss::gradient_along(const torch::Tensor& direction) const {
    const torch::NoGradGuard no_grad;
    const auto rows = static_cast<double>(direction.size(0));
    if (!share_.defined()) return direction * (2 / rows);
    return share_ * (direction - (share_ * direction).sum(1, true)) / rows;
}

}  // namespace stemma
