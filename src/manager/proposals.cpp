#include "manager/proposals.hpp"

#include <algorithm>
#include <cmath>

namespace stemma {

namespace {

bool near(const Axis& axis, const Value& left, const Value& right) {
    const auto* a = std::get_if<double>(&left);
    const auto* b = std::get_if<double>(&right);
    if (a == nullptr || b == nullptr) return left == right;
    const double largest = std::max(std::abs(*a), std::abs(*b));
    return std::abs(*a - *b) <= proposal_tolerance * largest ||
           std::abs(axis.to_unit(*a) - axis.to_unit(*b)) <= proposal_tolerance;
}

}  // namespace

void compare_proposal(const SearchSpace& space, MemberId member, ConfigurationView recorded,
                      const std::optional<Configuration>& recomputed, ProposalCheck& check) {
    if (recomputed && std::ranges::equal(recorded, *recomputed)) {
        ++check.equal;
        return;
    }
    bool all_near = recomputed && recomputed->size() == recorded.size() && recorded.size() == space.size();
    for (std::size_t i = 0; all_near && i < recorded.size(); ++i) {
        all_near = near(space.axis(i), recorded[i], (*recomputed)[i]);
    }
    ++(all_near ? check.near : check.different);
    auto& first = all_near ? check.first_near : check.first_different;
    if (!first) first = ProposalDifference{member, {recorded.begin(), recorded.end()}, recomputed};
}

const Configuration* RecordedAnswer::configuration_of(MemberId member) const {
    for (const auto& effect : effects) {
        if (const auto* born = std::get_if<effect::Born>(&effect); born != nullptr && born->member == member) {
            return &born->configuration;
        }
    }
    return nullptr;
}

}  // namespace stemma
