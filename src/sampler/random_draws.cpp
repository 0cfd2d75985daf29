#include "sampler/random_draws.hpp"

#include <algorithm>

#include "core/rng.hpp"
#include "sampler/inheritance.hpp"

namespace stemma {

RandomDraws::RandomDraws(std::shared_ptr<const SearchSpace> space, std::uint64_t seed)
    : space_(std::move(space)), seed_(seed), unit_(space_->size()) {
    std::vector<bool> decides(space_->size());
    for (const auto& clause : space_->forbidden()) {
        for (const auto& condition : clause.all_of) decides[condition.parameter] = true;
    }
    // Conditions name only parameters that stand before their own.
    for (std::size_t i = space_->size(); i-- > 0;) {
        if (!decides[i]) continue;
        deciding_.push_back(i);
        for (const auto& condition : (*space_)[i].when) decides[condition.parameter] = true;
    }
}

std::optional<Configuration> RandomDraws::draw(MemberId member, ConfigurationView parent, std::uint32_t first_attempt) {
    for (std::uint32_t attempt = 0; attempt < max_attempts; ++attempt) {
        Stream random(seed_, Purpose::configuration, member.value, first_attempt + attempt);
        // Every parameter takes a number, active or not: a change of a condition then shifts no draw.
        for (auto& coordinate : unit_) coordinate = random.uniform();
        auto configuration = child_at(*space_, unit_, parent);
        if (space_->allowed(configuration)) return configuration;
    }
    if (!parent.empty()) return Configuration(parent.begin(), parent.end());
    return draw_listed(member);
}

std::uint64_t RandomDraws::combinations() const {
    std::uint64_t product = 1;
    for (const auto parameter : deciding_) {
        product *= std::max<std::uint64_t>(1, space_->axis(parameter).count());
        if (product > combinations_max) break;
    }
    return product;
}

void RandomDraws::place(std::uint64_t combination) {
    for (const auto parameter : deciding_) {
        const auto& axis = space_->axis(parameter);
        const auto count = std::max<std::uint64_t>(1, axis.count());
        unit_[parameter] = axis.constant() ? 0.5 : axis.to_unit(axis.at(combination % count));
        combination /= count;
    }
}

std::optional<Configuration> RandomDraws::draw_listed(MemberId member) {
    const auto all = combinations();
    if (all > combinations_max) return std::nullopt;
    if (!allowed_) {
        allowed_.emplace();
        for (std::uint64_t number = 0; number < all; ++number) {
            place(number);
            if (space_->allowed(child_at(*space_, unit_, {}))) allowed_->push_back(number);
        }
    }
    if (allowed_->empty()) return std::nullopt;
    Stream random(seed_, Purpose::configuration, member.value, max_attempts);
    for (auto& coordinate : unit_) coordinate = random.uniform();
    place((*allowed_)[random.below(allowed_->size())]);
    return child_at(*space_, unit_, {});
}

}  // namespace stemma
