#include "trainer/torch/networks/tape.hpp"

#include <algorithm>

#include "core/error.hpp"
#include "trainer/torch/hypergradient/output_loss.hpp"
#include "trainer/torch/kernels/first_block.hpp"

namespace stemma {
namespace {

using Tensors = std::vector<torch::Tensor>;

class TapeCurvature : public Curvature {
public:
    TapeCurvature(std::vector<Tape::Entry> entries, std::size_t parameters, const torch::Tensor& output,
                  const torch::Tensor& y)
        : entries_(std::move(entries)), loss_(output, y), gradients_(parameters) {
        const torch::NoGradGuard no_grad;
        walk_back(loss_.gradient(), [&](Operation& operation, const torch::Tensor& gradient) {
            return operation.pull(gradient, gradients_);
        });
    }

    torch::Tensor loss() const override { return loss_.value(); }
    const Tensors& gradients() const override { return gradients_; }

    Tensors times(const Tensors& vectors) const override {
        const torch::NoGradGuard no_grad;
        Tensors along(entries_.size());
        for (std::size_t node = 0; node < entries_.size(); ++node) {
            const auto& entry = entries_[node];
            if (!entry.moves) continue;
            Tensors inputs;
            for (const auto input : entry.inputs) inputs.push_back(along[input]);
            along[node] = entry.operation->push(inputs, vectors);
        }
        Tensors products(gradients_.size());
        walk_back(loss_.gradient_along(along.back()), [&](Operation& operation, const torch::Tensor& change) {
            return operation.pull_along(change, vectors, products);
        });
        return products;
    }

private:
    /// `pull` is given each operation and the sum of what its readers gave for its output.
    template <class Pull>
    void walk_back(const torch::Tensor& last, const Pull& pull) const {
        Tensors sums(entries_.size());
        sums.back() = last;
        for (auto node = entries_.size(); node-- > 0;) {
            const auto& entry = entries_[node];
            if (!entry.moves) continue;
            const auto given = pull(*entry.operation, sums[node]);
            sums[node] = torch::Tensor();
            for (std::size_t i = 0; i < given.size(); ++i) {
                auto& sum = sums[entry.inputs[i]];
                if (!entries_[entry.inputs[i]].moves) continue;
                // Not in place: a sum gives the same tensor to both of its inputs.
                sum = sum.defined() ? sum + given[i] : given[i];
            }
        }
    }

    std::vector<Tape::Entry> entries_;
    OutputLoss loss_;
    Tensors gradients_;
};

}  // namespace

Tape::Tape(std::vector<torch::Tensor> parameters) : parameters_(std::move(parameters)) {}

Tape::Node Tape::add(std::unique_ptr<Operation> operation, std::vector<Node> inputs, bool parameters,
                     torch::Tensor value) {
    const bool moves = parameters || std::ranges::any_of(inputs, [&](Node input) { return entries_[input].moves; });
    entries_.push_back({std::move(operation), std::move(inputs), moves, std::move(value)});
    return entries_.size() - 1;
}

/// The value is that of now: parameters may be pointed elsewhere later.
ParameterPlace Tape::place(const torch::Tensor& parameter) const {
    if (!parameter.defined()) return {};
    const auto found =
        std::ranges::find_if(parameters_, [&](const torch::Tensor& one) { return one.is_same(parameter); });
    ensure(found != parameters_.end(), "the tape was given all parameters");
    return {parameter.detach(), static_cast<std::size_t>(found - parameters_.begin())};
}

Tape::Node Tape::input(torch::Tensor x) { return add(nullptr, {}, false, std::move(x)); }

Tape::Node Tape::linear(Node x, const torch::nn::Linear& layer) {
    const torch::NoGradGuard no_grad;
    const auto& in = value(x);
    auto weight = place(layer->weight), bias = place(layer->bias);
    auto out = torch::addmm(bias.value, in, weight.value.t());
    return add(make_dense(in, entries_[x].moves, std::move(weight), std::move(bias)), {x}, true, std::move(out));
}

Tape::Node Tape::convolution(Node x, const torch::Tensor& weight, const torch::Tensor& bias, std::int64_t stride,
                             std::int64_t padding) {
    const torch::NoGradGuard no_grad;
    const auto& in = value(x);
    auto out = at::conv2d(in, weight.detach(), bias.defined() ? bias.detach() : bias, stride, padding);
    return add(make_convolution(in, entries_[x].moves, place(weight), place(bias), stride, padding), {x}, true,
               std::move(out));
}

Tape::Node Tape::first_block(Node x, const torch::Tensor& weight, const torch::Tensor& bias) {
    const torch::NoGradGuard no_grad;
    ensure(!entries_[x].moves, "the first block has no derivative by its images");
    const auto images = value(x).contiguous();
    auto [values, places] = first_block_pass(images, weight.detach(), bias.detach());
    return add(make_first_block(images, places, place(weight), place(bias)), {x}, true, std::move(values));
}

Tape::Node Tape::batch_norm(Node x, const torch::Tensor& weight, const torch::Tensor& bias, torch::Tensor running_mean,
                            torch::Tensor running_variance, double momentum, double eps) {
    const torch::NoGradGuard no_grad;
    const auto& in = value(x);
    auto [out, mean, inverse] =
        at::native_batch_norm(in, weight.detach(), bias.detach(), running_mean, running_variance, true, momentum, eps);
    return add(make_batch_norm(in, mean, inverse, place(weight), place(bias)), {x}, true, std::move(out));
}

Tape::Node Tape::relu(Node x) {
    const torch::NoGradGuard no_grad;
    auto out = torch::relu(value(x));
    const auto where_positive = [out](const torch::Tensor& z) { return at::threshold_backward(z, out, 0); };
    return add(make_linear_map(where_positive, where_positive), {x}, false, std::move(out));
}

Tape::Node Tape::max_pool(Node x, std::int64_t kernel, std::int64_t stride, std::int64_t padding) {
    const torch::NoGradGuard no_grad;
    const auto& in = value(x);
    const torch::IntArrayRef none;
    const auto [out, places] = at::max_pool2d_with_indices(in, kernel, stride, padding);
    const auto function = [in_rows = places.flatten(2), sizes = places.sizes().vec()](const torch::Tensor& z) {
        return z.flatten(2).gather(2, in_rows).view(sizes);
    };
    const auto adjoint = [=, places = places](const torch::Tensor& z) {
        return at::max_pool2d_with_indices_backward(z, in, kernel, stride, padding, 1, false, places);
    };
    return add(make_linear_map(function, adjoint), {x}, false, out);
}

Tape::Node Tape::mean_of_images(Node x) {
    const torch::NoGradGuard no_grad;
    const auto sizes = value(x).sizes().vec();
    const auto function = [](const torch::Tensor& z) { return z.mean({2, 3}); };
    const auto adjoint = [sizes](const torch::Tensor& z) {
        return (z / static_cast<double>(sizes[2] * sizes[3])).unsqueeze(2).unsqueeze(3).expand(sizes).contiguous();
    };
    return add(make_linear_map(function, adjoint), {x}, false, function(value(x)));
}

Tape::Node Tape::flatten(Node x) {
    const torch::NoGradGuard no_grad;
    const auto sizes = value(x).sizes().vec();
    const auto function = [](const torch::Tensor& z) { return z.flatten(1); };
    const auto adjoint = [sizes](const torch::Tensor& z) { return z.reshape(sizes); };
    return add(make_linear_map(function, adjoint), {x}, false, function(value(x)));
}

Tape::Node Tape::channels_last(Node x) {
    const torch::NoGradGuard no_grad;
    const auto function = [](const torch::Tensor& z) { return z.contiguous(at::MemoryFormat::ChannelsLast); };
    return add(make_linear_map(function, [](const torch::Tensor& z) { return z; }), {x}, false, function(value(x)));
}

Tape::Node Tape::sum(Node x, Node y) {
    const torch::NoGradGuard no_grad;
    return add(make_sum(), {x, y}, false, value(x) + value(y));
}

Tape::Node Tape::masked(Node x, const torch::Tensor& mask) {
    if (!mask.defined()) return x;
    const torch::NoGradGuard no_grad;
    const auto function = [mask](const torch::Tensor& z) { return z * mask; };
    return add(make_linear_map(function, function), {x}, false, function(value(x)));
}

std::unique_ptr<Curvature> Tape::loss(const torch::Tensor& y) && {
    ensure(!entries_.empty() && entries_.back().moves, "the last operation depends on a parameter");
    const auto output = value(entries_.size() - 1);
    for (auto& entry : entries_) entry.value = torch::Tensor();
    return std::make_unique<TapeCurvature>(std::move(entries_), parameters_.size(), output, y);
}

}  // namespace stemma
