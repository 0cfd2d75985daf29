#include "sampler/grid.hpp"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "core/shuffle.hpp"
#include "options/make_key.hpp"
#include "sampler/inheritance.hpp"
#include "space/grid.hpp"

namespace stemma {
namespace {

constexpr std::uint64_t most_shuffled = 10'000'000;

/// Fisher-Yates shuffle of the numbers of the grid's points, without duplicates.
std::vector<std::uint64_t> shuffled(const Grid& grid, std::uint64_t seed) {
    if (grid.size() > most_shuffled) {
        throw UserError("a grid of " + std::to_string(grid.size()) + " points is too large to shuffle (limit " +
                        std::to_string(most_shuffled) +
                        "); set shuffle = false or fewer points, or use the Sobol sampler");
    }
    std::vector<std::uint64_t> order;
    for (auto number = grid.next(0); number < grid.size(); number = grid.next(number + 1)) order.push_back(number);
    Stream random(seed, Purpose::configuration);
    shuffle(order, random);
    return order;
}

class GridSampler final : public Sampler {
public:
    GridSampler(std::shared_ptr<const SearchSpace> space, const GridSettings& settings, std::uint64_t seed)
        : space_(std::move(space)), births_(space_), grid_(*space_, settings.points), settings_(settings) {
        if (settings_.shuffle) order_ = shuffled(grid_, seed);
    }

    std::optional<Configuration> propose(const ProposalRequest& request) override {
        const auto parent = births_.of(request.parent);
        auto point = next();
        if (parent.empty()) return point;
        for (; point; point = next()) {
            auto child = child_at(*space_, space_->to_unit(*point), parent);
            if (space_->allowed(child)) return child;
        }
        return {};
    }
    void born(const Birth& birth) override { births_.born(birth); }

    std::string describe() const override {
        return "grid of " + std::to_string(settings_.points) + " points a range" +
               (settings_.shuffle ? ", shuffled" : "");
    }

private:
    std::optional<Configuration> next() {
        auto point = next_of_all();
        while (point && std::ranges::find(settings_.skipped, *point) != settings_.skipped.end()) point = next_of_all();
        return point;
    }

    std::optional<Configuration> next_of_all() {
        if (settings_.shuffle) {
            if (position_ == order_.size()) return {};
            return grid_.at(order_[position_++]);
        }
        position_ = grid_.next(position_);
        if (position_ == grid_.size()) return {};
        return grid_.at(position_++);
    }

    std::shared_ptr<const SearchSpace> space_;
    BornConfigurations births_;
    Grid grid_;
    GridSettings settings_;
    std::vector<std::uint64_t> order_;
    std::uint64_t position_ = 0;  ///< into order_ if shuffled, else the grid's next number
};

}  // namespace

std::unique_ptr<Sampler> make_grid_sampler(std::shared_ptr<const SearchSpace> space, const GridSettings& settings,
                                           std::uint64_t seed) {
    return std::make_unique<GridSampler>(std::move(space), settings, seed);
}

std::uint64_t grid_configurations(const GridSettings& settings, const SearchSpace& space,
                                  const std::vector<Configuration>& first) {
    constexpr std::uint64_t counted_max = 1'000'000;
    const Grid grid(space, settings.points);
    std::uint64_t count = grid.count(counted_max) + first.size();
    if (first.empty() || count >= counted_max) return count;
    const std::set<Configuration> given(first.begin(), first.end());
    for (auto number = grid.next(0); number < grid.size(); number = grid.next(number + 1))
        count -= given.contains(grid.at(number)) ? 1 : 0;
    return count;
}

SamplerDescriptor grid_sampler_descriptor() {
    using namespace make_key;
    return {
        .name = "grid",
        .summary = "every combination once, then no more",
        .defaults = GridSettings(),
        .fields = {setting(
            &GridSettings::points,
            integer("points", {1, 1e6}, "Values tried of each real or integer parameter that has no step."))},
        .make =
            [](const GridSettings& settings, const SamplerContext& context) {
                auto grid = settings;
                grid.skipped = context.first;
                return make_grid_sampler(context.space, grid, context.seed);
            },
        .count = grid_configurations,
    };
}

}  // namespace stemma
