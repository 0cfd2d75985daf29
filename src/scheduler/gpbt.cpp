#include "scheduler/gpbt.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "scheduler/arms.hpp"
#include "scheduler/gpbt_search.hpp"

namespace stemma {

namespace {

/// Generations of one size.
class Gpbt : public Scheduler {
public:
    explicit Gpbt(const GpbtSettings& settings)
        : settings_(settings), search_(settings, GpbtBoundaries::every(settings.interval, settings.max)) {
        search_.begin_from_scratch(gpbt_founders(settings_));
    }

    void on(const Event& event, Actions& out) override {
        search_.on(event, out);
        if (search_.closed()) search_.open_next(settings_.children, out);
    }
    std::vector<RungRow> rungs() const override { return search_.rungs(); }
    double next_deadline() const override { return search_.next_deadline(); }
    bool exhausted() const override { return search_.exhausted(); }
    std::string describe() const override;
    std::size_t memory_bytes() const override { return search_.memory_bytes(); }

private:
    GpbtSettings settings_;
    GpbtSearch search_;
};

std::string Gpbt::describe() const {
    const auto parents = gpbt_parents(settings_);
    std::string text = "GPBT: " + std::to_string(settings_.children) + " children of " + std::to_string(parents) +
                       (parents == 1 ? " parent, " : " parents, ") + std::to_string(search_.generations()) +
                       " generations of " + std::to_string(settings_.interval);
    if (const auto founders = gpbt_founders(settings_); founders != settings_.children)
        text += ", " + std::to_string(founders) + " founders";
    if (settings_.sequential) text += ", one child after another";
    if (settings_.quorum < 1) text += ", quorum " + std::to_string(std::lround(settings_.quorum * 100)) + " %";
    if (settings_.early_stopping) text += ", early stopping";
    return text;
}

}  // namespace

std::uint32_t gpbt_founders(const GpbtSettings& settings) {
    return static_cast<std::uint32_t>(std::lround(settings.founders * settings.children));
}

std::uint32_t gpbt_more_founders(const GpbtSettings& settings) {
    return static_cast<std::uint32_t>(std::uint64_t{settings.children} * gpbt_generations(settings) / 3);
}

std::uint32_t gpbt_generations(const GpbtSettings& settings) {
    return static_cast<std::uint32_t>((settings.max - 1) / settings.interval + 1);
}

std::uint32_t gpbt_parents(const GpbtSettings& settings) { return gpbt_parents(settings, settings.children); }

std::uint32_t gpbt_parents(const GpbtSettings& settings, std::uint32_t n) {
    // Exact squares must not be lost to rounding: n = 16, c = 4 is 2 parents.
    const double children = n;
    const double parents = std::sqrt(children / std::min(settings.ratio.value_or(4), children)) + 1e-9;
    return std::clamp(static_cast<std::uint32_t>(parents), 1U, n);
}

std::vector<std::uint32_t> gpbt_family_sizes(std::uint32_t children, std::uint32_t parents) {
    const auto others = parents - 1;
    auto each = (2 * children + parents) / (2 * parents);
    while (each > 1 && each * others + 1 > children) --each;
    std::vector<std::uint32_t> sizes(parents, each);
    sizes.front() = children > each * others ? children - each * others : 1;
    return sizes;
}

std::unique_ptr<Scheduler> make_gpbt(const GpbtSettings& settings) {
    require_good(settings);
    if (settings.interval == interval_auto) return make_gpbt_arms(settings);
    return std::make_unique<Gpbt>(settings);
}

}  // namespace stemma
