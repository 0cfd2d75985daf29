#include "sampler/gp/encoding.hpp"

namespace stemma::gp {

using Eigen::Index;

Encoding::Encoding(std::shared_ptr<const SearchSpace> space) : space_(std::move(space)) {
    for (std::size_t at = 0; at < space_->size(); ++at) {
        if (!has(space_->axis(at))) continue;
        const bool category = std::holds_alternative<Categorical>((*space_)[at].domain);
        (category ? categories_ : numbers_).push_back(at);
    }
}

Shape Encoding::shape(bool warp, Time time) const {
    const auto numbers = static_cast<Index>(numbers_.size());
    return {.continuous = numbers + (time == Time::dimension ? 1 : 0),
            .categorical = static_cast<Index>(categories_.size()),
            .warped = warp ? numbers : 0,
            .decay = time == Time::decay};
}

Inputs Encoding::rows(const Shape& shape, Index count) {
    return {Matrix::Zero(count, shape.continuous), Levels::Zero(count, shape.categorical),
            Vector::Zero(shape.decay ? count : 0)};
}

void Encoding::write(Inputs& inputs, Index row, ConfigurationView configuration, std::span<const double> unit,
                     Time treatment, double time, double horizon) const {
    Index column = 0;
    for (const auto at : numbers_) inputs.x(row, column++) = unit[at];
    if (treatment == Time::dimension) inputs.x(row, column) = time / horizon;
    if (treatment == Time::decay) inputs.time[row] = time;
    column = 0;
    for (const auto at : categories_) {
        const auto* choice = std::get_if<Choice>(&configuration[at]);
        inputs.levels(row, column++) = choice != nullptr ? static_cast<int>(choice->index) : -1;
    }
}

}  // namespace stemma::gp
