#include "sampler/tried.hpp"

#include <algorithm>
#include <bit>

namespace stemma {
namespace {

constexpr std::uint64_t grid_max = std::uint64_t{1} << 62U;
constexpr std::uint64_t listed_at_once = 4096;
constexpr std::uint64_t first_stream = std::uint64_t{1} << 25U;
constexpr std::uint32_t attempts_before_list = 64;
constexpr std::uint32_t attempts_without_list = 10'000;

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

NumbersLeft::NumbersLeft(const std::vector<bool>& left) : tree_(left.size() + 1) {
    for (std::size_t i = 1; i < tree_.size(); ++i) {
        const std::uint32_t here = left[i - 1] ? 1 : 0;
        tree_[i] += here;
        count_ += here;
        const auto above = i + (i & (~i + 1));
        if (above < tree_.size()) tree_[above] += tree_[i];
    }
}

std::uint64_t NumbersLeft::at(std::uint64_t rank) const {
    std::size_t place = 0;
    for (auto step = std::bit_floor(tree_.size()); step > 0; step /= 2) {
        if (place + step >= tree_.size() || tree_[place + step] > rank) continue;
        place += step;
        rank -= tree_[place];
    }
    return place;
}

std::uint64_t NumbersLeft::up_to(std::uint64_t number) const {
    std::uint64_t sum = 0;
    for (auto i = static_cast<std::size_t>(number); i > 0; i &= i - 1) sum += tree_[i];
    return sum;
}

void NumbersLeft::remove(std::uint64_t number) {
    if (up_to(number + 1) == up_to(number)) return;
    --count_;
    for (auto i = static_cast<std::size_t>(number) + 1; i < tree_.size(); i += i & (~i + 1)) --tree_[i];
}

Tried::Tried(std::shared_ptr<const SearchSpace> space, std::uint64_t seed) : space_(std::move(space)), seed_(seed) {
    for (std::size_t i = 0; i < space_->size(); ++i) {
        const auto values = radix(space_->axis(i));
        continuous_ = continuous_ || space_->axis(i).count() == 0;
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
    left_->remove(*own);
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

std::optional<Configuration> Tried::at(std::uint64_t number, const std::vector<double>& unit) const {
    Configuration configuration(space_->size());
    auto block = grid_;
    for (std::size_t i = 0; i < configuration.size(); ++i) {
        const auto& axis = space_->axis(i);
        block /= radix(axis);
        const auto digit = number / block % radix(axis);
        if (space_->active(i, configuration)) {
            configuration[i] = axis.count() == 0 ? axis.from_unit(unit[i]) : axis.at(digit);
        } else if (digit > 0) {
            return std::nullopt;
        }
    }
    return space_->allowed(configuration) ? std::optional(std::move(configuration)) : std::nullopt;
}

void Tried::list() {
    if (left_ || grid_ == 0 || grid_ > listed_max) return;
    const std::vector<double> center(space_->size(), 0.5);
    std::vector<bool> allowed(grid_);
    for (std::uint64_t number = 0; number < grid_; ++number) allowed[number] = at(number, center).has_value();
    left_.emplace(allowed);
    allowed_ = left_->count();
    for (const auto tried : keys_) left_->remove(tried);
}

std::optional<Configuration> Tried::draw(MemberId member) {
    if (auto found = draw_freely(member)) return found;
    list();
    return left_ ? draw_listed(member) : walk(member);
}

std::optional<Configuration> Tried::draw_freely(MemberId member) const {
    const bool listable = grid_ > 0 && grid_ <= listed_max;
    const auto attempts = listable ? attempts_before_list : attempts_without_list;
    for (std::uint32_t attempt = 0; attempt < attempts; ++attempt) {
        Stream random(seed_, Purpose::configuration, member.value, first_stream + attempt);
        auto configuration = space_->from_unit(coordinates(random));
        if (space_->allowed(configuration) && !contains(configuration)) return configuration;
    }
    return std::nullopt;
}

std::optional<Configuration> Tried::draw_listed(MemberId member) const {
    if (left_->count() == 0) return std::nullopt;
    Stream random(seed_, Purpose::configuration, member.value, first_stream + attempts_without_list);
    const auto rank = random.below(left_->count());
    return at(left_->at(rank), coordinates(random));
}

std::optional<Configuration> Tried::walk(MemberId member) const {
    if (grid_ == 0) return std::nullopt;
    Stream random(seed_, Purpose::configuration, member.value, first_stream + attempts_without_list);
    const auto first = random.below(grid_);
    const auto unit = coordinates(random);
    for (std::uint64_t step = 0; step < listed_max; ++step) {
        auto configuration = at((first + step) % grid_, unit);
        if (configuration && !contains(*configuration)) return configuration;
    }
    return std::nullopt;
}

std::vector<Configuration> Tried::left(std::size_t most) {
    std::vector<Configuration> configurations;
    if (continuous_) return configurations;
    if (grid_ <= listed_at_once) list();
    if (!left_ || left_->count() > most) return configurations;
    const std::vector<double> center(space_->size(), 0.5);
    for (std::uint64_t rank = 0; rank < left_->count(); ++rank) configurations.push_back(*at(left_->at(rank), center));
    return configurations;
}

std::optional<std::uint64_t> configurations_of(const SearchSpace& space) {
    Tried tried(std::make_shared<const SearchSpace>(space), 0);
    if (!tried.continuous_) tried.list();
    return !tried.left_ ? std::nullopt : std::optional(tried.allowed_);
}

}  // namespace stemma
