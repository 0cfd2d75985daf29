#include "sampler/gp/inheritance.hpp"

#include "sampler/inheritance.hpp"

namespace stemma::gp {

Inheritance::Inheritance(const SearchSpace& space, ConfigurationView parent)
    : space_(&space), parent_(parent.begin(), parent.end()), free_(space.size()) {
    for (std::size_t at = 0; at < space.size(); ++at) free_[at] = !inherited(space, at, parent_);
}

std::optional<Candidate> Inheritance::realize(std::span<const double> unit) const {
    auto configuration = child_at(*space_, unit, parent_);
    if (!space_->allowed(configuration)) return std::nullopt;
    return Candidate{space_->to_unit(configuration), std::move(configuration)};
}

}  // namespace stemma::gp
