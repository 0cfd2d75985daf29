#pragma once
// What a child takes unchanged from its parent. The one rule for all samplers.

#include <memory>
#include <span>
#include <vector>

#include "sampler/sampler.hpp"

namespace stemma {

/// True if a child of `parent` has the parent's value of this parameter: may_differ(its role) is false, and the
/// parameter is active in the parent. An empty view stands for "no parent".
bool inherited(const SearchSpace& space, std::size_t parameter, ConfigurationView parent);

/// SearchSpace::from_unit(unit), with inherited values in place of those at their coordinates. Inherited values may
/// make other parameters active or inactive. A parameter that is not mutable but was inactive in the parent takes its
/// coordinate. Forbidden clauses are not checked.
Configuration child_at(const SearchSpace& space, std::span<const double> unit, ConfigurationView parent);

/// `own` with the inherited values in their places, each parameter active or inactive as these values require. A
/// parameter that `own` lacks comes from the parent, or is the middle of its range. An empty parent leaves `own`
/// unchanged. Forbidden clauses are not checked.
Configuration with_inherited(const SearchSpace& space, ConfigurationView own, ConfigurationView parent);

/// The configurations of all members, for samplers without another history. 16 bytes for each parameter and member.
class BornConfigurations {
public:
    explicit BornConfigurations(std::shared_ptr<const SearchSpace> space) : space_(std::move(space)) {}

    void born(const Birth& birth);
    /// Empty if `member` is none. Throws InternalError if the member was never born. Valid until the next born().
    ConfigurationView of(MemberId member) const;

private:
    std::shared_ptr<const SearchSpace> space_;
    std::vector<Value> values_;
    std::vector<bool> known_;
};

}  // namespace stemma
