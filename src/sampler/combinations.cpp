#include "sampler/combinations.hpp"

#include <algorithm>
#include <limits>

namespace stemma {
namespace {

constexpr std::uint64_t beyond = std::numeric_limits<std::uint64_t>::max();

std::uint64_t clipped_product(std::uint64_t a, std::uint64_t b) { return b != 0 && a > beyond / b ? beyond : a * b; }

bool holds(const Forbidden& clause, const Configuration& configuration) {
    return std::ranges::all_of(clause.all_of, [&](const Condition& condition) {
        const auto* choice = std::get_if<Choice>(&configuration[condition.parameter]);
        return choice && std::ranges::find(condition.any_of, choice->index) != condition.any_of.end();
    });
}

}  // namespace

struct Combinations::Walk {
    Configuration configuration;
    const std::vector<double>& unit;
    std::size_t levels;  ///< of the tree that are walked
    std::uint64_t work;
    const std::function<bool(const Configuration&)>& visit;
    bool stopped = false;
    bool spent = false;  ///< stopped for want of work
};

Combinations::Combinations(std::shared_ptr<const SearchSpace> space)
    : space_(std::move(space)), clauses_(space_->size()) {
    std::vector<bool> decides(space_->size());
    const auto note = [&](const std::vector<Condition>& conditions) {
        for (const auto& condition : conditions) decides[condition.parameter] = true;
    };
    for (const auto& parameter : space_->parameters()) note(parameter.when);
    for (const auto& clause : space_->forbidden()) note(clause.all_of);
    std::vector<std::size_t> level(space_->size());
    // A condition depends on parameters that stand before its own. Both orders keep that.
    for (const bool deciding : {true, false}) {
        for (std::size_t i = 0; i < space_->size(); ++i) {
            if (decides[i] != deciding) continue;
            level[i] = order_.size();
            order_.push_back(i);
        }
        if (deciding) deciding_ = order_.size();
    }
    for (const auto& clause : space_->forbidden()) {
        std::size_t last = 0;
        for (const auto& condition : clause.all_of) last = std::max(last, level[condition.parameter]);
        clauses_[last].push_back(clause);
    }
}

bool Combinations::forbidden(std::size_t depth, const Configuration& configuration) const {
    return std::ranges::any_of(clauses_[depth], [&](const auto& clause) { return holds(clause, configuration); });
}

void Combinations::descend(std::size_t depth, Walk& walk) const {
    if (depth == walk.levels) {
        walk.stopped = walk.visit(walk.configuration);
        return;
    }
    const auto parameter = order_[depth];
    const auto& axis = space_->axis(parameter);
    const bool active = space_->active(parameter, walk.configuration);
    const auto values = active ? std::max<std::uint64_t>(1, axis.count()) : 1;
    const bool stepped = active && axis.count() > 0;
    const auto first = stepped ? axis.index_of(axis.from_unit(walk.unit[parameter])) : 0;
    for (std::uint64_t step = 0; step < values && !walk.stopped; ++step) {
        if (walk.work == 0) {
            walk.stopped = walk.spent = true;
            return;
        }
        --walk.work;
        auto& value = walk.configuration[parameter];
        value = Inactive{};
        if (active) value = stepped ? axis.at((first + step) % values) : axis.from_unit(walk.unit[parameter]);
        if (!forbidden(depth, walk.configuration)) descend(depth + 1, walk);
    }
}

void Combinations::visit(const std::vector<double>& unit, std::uint64_t work,
                         const std::function<bool(const Configuration&)>& visit) const {
    Walk walk{Configuration(space_->size()), unit, order_.size(), work, visit};
    descend(0, walk);
}

std::optional<std::uint64_t> Combinations::count(std::uint64_t limit, std::uint64_t work) const {
    std::uint64_t total = 0;
    const std::function<bool(const Configuration&)> add = [&](const Configuration& configuration) {
        std::uint64_t product = 1;
        for (auto level = deciding_; level < order_.size(); ++level) {
            const auto& axis = space_->axis(order_[level]);
            if (!space_->active(order_[level], configuration)) continue;
            product = axis.count() == 0 ? beyond : clipped_product(product, axis.count());
        }
        total = product > limit - total ? limit + 1 : total + product;
        return total > limit;
    };
    const std::vector<double> unit(space_->size());
    Walk walk{Configuration(space_->size()), unit, deciding_, work, add};
    descend(0, walk);
    return walk.spent ? std::nullopt : std::optional(total);
}

}  // namespace stemma
