#include "sampler/tried.hpp"

#include <algorithm>
#include <bit>

namespace stemma {
namespace {

constexpr std::uint64_t grid_max = std::uint64_t{1} << 62U;
constexpr std::uint64_t counted_max = std::uint64_t{1} << 20U;
constexpr std::uint64_t count_work = std::uint64_t{1} << 20U;
constexpr std::uint64_t seek_work = std::uint64_t{1} << 16U;
constexpr std::uint64_t unbounded = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t first_stream = std::uint64_t{1} << 25U;
constexpr std::uint32_t free_draws = 64;

/// splitmix64 (Steele, Lea, Flood, OOPSLA 2014).
std::uint64_t mixed(std::uint64_t value) {
    value += 0x9E3779B97F4A7C15U;
    value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
    value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
    return value ^ (value >> 31U);
}

/// Values of an axis on the grid. A continuous range counts as one.
std::uint64_t radix(const Axis& axis) { return std::max<std::uint64_t>(1, axis.count()); }

bool inactive(const Value& value) { return std::holds_alternative<Inactive>(value); }

}  // namespace

Tried::Tried(std::shared_ptr<const SearchSpace> space, std::uint64_t seed)
    : space_(std::move(space)), seed_(seed), combinations_(space_) {
    for (std::size_t i = 0; i < space_->size(); ++i) {
        const auto values = radix(space_->axis(i));
        grid_ = grid_ > grid_max / values ? 0 : grid_ * values;
    }
}

std::optional<std::uint64_t> Tried::key(ConfigurationView configuration) const {
    std::uint64_t key = 0;
    for (std::size_t i = 0; i < configuration.size(); ++i) {
        const auto& axis = space_->axis(i);
        const bool active = !inactive(configuration[i]);
        if (active && axis.count() == 0) return std::nullopt;
        const auto digit = active ? axis.index_of(configuration[i]) : 0;
        key = grid_ > 0 ? key * radix(axis) + digit : mixed(key ^ digit);
    }
    return key;
}

void Tried::add(ConfigurationView configuration) {
    const auto own = key(configuration);
    if (!own || !keys_.insert(*own).second || !left_) return;
    std::erase_if(*left_, [&](const Left& one) { return one.key == *own; });
}

bool Tried::contains(ConfigurationView configuration) const {
    if (keys_.empty()) return false;
    const auto own = key(configuration);
    return own && keys_.contains(*own);
}

void Tried::clear() {
    keys_.clear();
    left_.reset();
}

std::vector<double> Tried::coordinates(Stream& random) const {
    std::vector<double> unit(space_->size());
    for (auto& coordinate : unit) coordinate = random.uniform();
    return unit;
}

bool Tried::at_most(std::uint64_t limit) {
    if (count_) return *count_ <= limit;
    // The answer depends on `limit` alone: what sufficed for a count up to a power of two suffices up to a lower one.
    const auto power = std::bit_ceil(limit + 1);
    if (limit <= more_than_ || power >= uncounted_from_) return false;
    const auto count = combinations_.count(power, count_work);
    if (!count) {
        uncounted_from_ = power;
    } else if (*count > power) {
        more_than_ = power;
    } else {
        count_ = count;
    }
    return count_ && *count_ <= limit;
}

void Tried::list(std::size_t most) {
    if (left_ || !at_most(keys_.size() + std::min(most, few_max))) return;
    left_.emplace();
    // Bounded: the count has walked the levels on which anything depends, and the others have no dead ends.
    combinations_.visit(std::vector<double>(space_->size()), unbounded, [&](const Configuration& configuration) {
        const auto own = key(configuration);
        if (own && !keys_.contains(*own)) left_->push_back({*own, configuration});
        return false;
    });
}

std::optional<Configuration> Tried::draw(MemberId member) {
    if (auto found = draw_freely(member)) return found;
    list(few_max);
    if (!left_) return seek(member);
    if (left_->empty()) return std::nullopt;
    Stream random(seed_, Purpose::configuration, member.value, first_stream + free_draws);
    return (*left_)[random.below(left_->size())].configuration;
}

std::optional<Configuration> Tried::draw_freely(MemberId member) const {
    for (std::uint32_t attempt = 0; attempt < free_draws; ++attempt) {
        Stream random(seed_, Purpose::configuration, member.value, first_stream + attempt);
        auto configuration = space_->from_unit(coordinates(random));
        if (space_->allowed(configuration) && !contains(configuration)) return configuration;
    }
    return std::nullopt;
}

std::optional<Configuration> Tried::seek(MemberId member) const {
    Stream random(seed_, Purpose::configuration, member.value, first_stream + free_draws);
    std::optional<Configuration> found;
    combinations_.visit(coordinates(random), seek_work, [&](const Configuration& configuration) {
        if (!contains(configuration)) found = configuration;
        return found.has_value();
    });
    return found;
}

std::vector<Configuration> Tried::left(std::size_t most) {
    list(most);
    std::vector<Configuration> configurations;
    if (!left_ || left_->size() > most) return configurations;
    for (const auto& one : *left_) configurations.push_back(one.configuration);
    return configurations;
}

std::optional<std::uint64_t> Tried::used_up() const { return left_ && left_->empty() ? count_ : std::nullopt; }

std::optional<std::uint64_t> configurations_of(const SearchSpace& space) {
    const auto count = Combinations(std::make_shared<const SearchSpace>(space)).count(counted_max, count_work);
    return count && *count <= counted_max ? count : std::nullopt;
}

}  // namespace stemma
