#include "sampler/inheritance.hpp"

#include <algorithm>

#include "core/error.hpp"

namespace stemma {

bool inherited(const SearchSpace& space, std::size_t parameter, ConfigurationView parent) {
    return !parent.empty() && !may_differ(space[parameter].role) &&
           !std::holds_alternative<Inactive>(parent[parameter]);
}

Configuration child_at(const SearchSpace& space, std::span<const double> unit, ConfigurationView parent) {
    ensure(unit.size() == space.size(), "a point has one coordinate for each parameter");
    Configuration child(space.size());
    for (std::size_t i = 0; i < space.size(); ++i) {
        if (!space.active(i, child)) continue;
        child[i] = inherited(space, i, parent) ? parent[i] : space.axis(i).from_unit(unit[i]);
    }
    return child;
}

Configuration with_inherited(const SearchSpace& space, ConfigurationView own, ConfigurationView parent) {
    const auto there = [](const Value& value) { return !std::holds_alternative<Inactive>(value); };
    Configuration child(space.size());
    for (std::size_t i = 0; i < space.size(); ++i) {
        if (!space.active(i, child)) continue;
        if (inherited(space, i, parent) || (!there(own[i]) && !parent.empty() && there(parent[i]))) {
            child[i] = parent[i];
        } else {
            child[i] = there(own[i]) ? own[i] : space.axis(i).from_unit(0.5);
        }
    }
    return child;
}

void BornConfigurations::born(const Birth& birth) {
    ensure(birth.configuration.size() == space_->size(), "a configuration has one value for each parameter");
    const auto number = birth.member.value;
    if (number >= known_.size()) {
        known_.resize(number + 1);
        values_.resize((number + 1) * space_->size());
    }
    known_[number] = true;
    std::ranges::copy(birth.configuration, values_.begin() + static_cast<std::ptrdiff_t>(number * space_->size()));
}

ConfigurationView BornConfigurations::of(MemberId member) const {
    if (!member.exists()) return {};
    ensure(member.value < known_.size() && known_[member.value], "the sampler was told of this member's birth");
    return ConfigurationView(values_).subspan(member.value * space_->size(), space_->size());
}

}  // namespace stemma
