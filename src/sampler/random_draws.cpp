#include "sampler/random_draws.hpp"

#include "core/error.hpp"
#include "core/rng.hpp"
#include "sampler/inheritance.hpp"

namespace stemma {
namespace {

[[noreturn]] void give_up(const SearchSpace& space) {
    std::string clauses;
    for (const auto& clause : space.forbidden()) clauses += "\n  " + space.describe(clause);
    throw UserError(
        "no allowed configuration found in " + std::to_string(RandomDraws::max_attempts) +
        " draws: the forbidden clauses leave (almost) nothing of the search space; remove or narrow some of:" +
        clauses);
}

}  // namespace

RandomDraws::RandomDraws(std::shared_ptr<const SearchSpace> space, std::uint64_t seed)
    : space_(std::move(space)), seed_(seed), unit_(space_->size()) {}

Configuration RandomDraws::draw(MemberId member, ConfigurationView parent, std::uint32_t first_attempt) {
    for (std::uint32_t attempt = 0; attempt < max_attempts; ++attempt) {
        Stream random(seed_, Purpose::configuration, member.value, first_attempt + attempt);
        // Every parameter takes a number, active or not: a draw does not shift when a condition changes.
        for (auto& coordinate : unit_) coordinate = random.uniform();
        auto configuration = child_at(*space_, unit_, parent);
        if (space_->allowed(configuration)) return configuration;
    }
    if (!parent.empty()) return {parent.begin(), parent.end()};
    give_up(*space_);
}

}  // namespace stemma
