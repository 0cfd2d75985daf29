#include "trainer/torch/hypergradient/flat_parameters.hpp"

#include <utility>

#include "core/error.hpp"

namespace stemma {

FlatParameters::FlatParameters(std::vector<torch::Tensor> parameters) : parameters_(std::move(parameters)) {
    std::erase_if(parameters_, [](const auto& parameter) { return !parameter.requires_grad(); });
    if (parameters_.empty()) throw UserError("no parameter of the model is trained: none requires a gradient");
    for (const auto& parameter : parameters_) sizes_.push_back(parameter.numel());
    point_to(joined(parameters_));
}

void FlatParameters::point_to(const torch::Tensor& flat) {
    flat_ = flat;
    const torch::NoGradGuard no_grad;
    const auto views = split(flat);
    for (std::size_t i = 0; i < parameters_.size(); ++i) parameters_[i].set_data(views[i]);
}

torch::Tensor FlatParameters::joined(const std::vector<torch::Tensor>& gradients) const {
    const torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> rows;
    rows.reserve(gradients.size());
    for (std::size_t i = 0; i < gradients.size(); ++i) {
        rows.push_back(gradients[i].defined() ? gradients[i].detach().reshape({-1})
                                              : torch::zeros({sizes_[i]}, parameters_[i].options()));
    }
    return torch::cat(rows);
}

std::vector<torch::Tensor> FlatParameters::split(const torch::Tensor& flat) const {
    std::vector<torch::Tensor> views;
    views.reserve(sizes_.size());
    std::int64_t first = 0;
    for (std::size_t i = 0; i < sizes_.size(); ++i) {
        views.push_back(flat.narrow(0, first, sizes_[i]).view(parameters_[i].sizes()));
        first += sizes_[i];
    }
    return views;
}

}  // namespace stemma
