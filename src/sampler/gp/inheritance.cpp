#include "sampler/gp/inheritance.hpp"

namespace stemma::gp {

Inheritance::Inheritance(const SearchSpace& space, ConfigurationView parent)
    : space_(&space), parent_(parent.begin(), parent.end()), free_(space.size(), true) {
    if (parent_.empty()) return;
    parent_unit_ = space.to_unit(parent_);
    for (std::size_t at = 0; at < space.size(); ++at)
        free_[at] = space[at].role == Role::mutable_value || std::holds_alternative<Inactive>(parent_[at]);
}

std::optional<Candidate> Inheritance::realise(std::span<const double> unit) const {
    std::vector<double> point(unit.begin(), unit.end());
    if (!parent_.empty()) {
        for (std::size_t at = 0; at < point.size(); ++at) {
            if (!free_[at]) point[at] = parent_unit_[at];
        }
    }
    auto configuration = space_->from_unit(point);
    if (!parent_.empty()) {
        // The parent's own numbers, which the way through the cube may have rounded.
        for (std::size_t at = 0; at < point.size(); ++at) {
            if (!free_[at] && !std::holds_alternative<Inactive>(configuration[at])) configuration[at] = parent_[at];
        }
    }
    if (!space_->allowed(configuration)) return std::nullopt;
    return Candidate{space_->to_unit(configuration), std::move(configuration)};
}

}  // namespace stemma::gp
