#include "outcome/spread.hpp"

#include <algorithm>
#include <array>

#include "outcome/scale.hpp"

namespace stemma {

namespace {

/// Coordinates of a front, an array for each objective: the loop over distances then uses whole vector registers.
class Distances {
public:
    explicit Distances(std::span<const Objectives> front) : nearest_(front.size(), 4.0) {
        const UnitScale scale(front);
        for (auto& axis : axes_) axis.resize(front.size());
        for (std::size_t i = 0; i < front.size(); ++i) {
            const auto point = scale.of(front[i]);
            for (std::size_t d = 0; d < most_objectives; ++d) axes_[d][i] = point[d];
        }
    }

    /// `index` is placed: no other place is given to it.
    void place(std::size_t index) {
        const double x = axes_[0][index];
        const double y = axes_[1][index];
        const double z = axes_[2][index];
        const double* xs = axes_[0].data();
        const double* ys = axes_[1].data();
        const double* zs = axes_[2].data();
        double* nearest = nearest_.data();
        const std::size_t count = nearest_.size();
        for (std::size_t i = 0; i < count; ++i) {
            const double dx = xs[i] - x;
            const double dy = ys[i] - y;
            const double dz = zs[i] - z;
            const double squared = dx * dx + dy * dy + dz * dz;
            nearest[i] = squared < nearest[i] ? squared : nearest[i];
        }
        nearest[index] = placed;
    }
    bool is_placed(std::size_t index) const { return nearest_[index] == placed; }
    std::size_t farthest() const {
        return static_cast<std::size_t>(std::max_element(nearest_.begin(), nearest_.end()) - nearest_.begin());
    }
    double distance(std::size_t index) const { return nearest_[index]; }

private:
    static constexpr double placed = -1;
    std::array<std::vector<double>, most_objectives> axes_;
    std::vector<double> nearest_;  ///< squared distance to the nearest one placed; beyond 3, the largest, at first
};

std::size_t start_of(std::span<const Objectives> front) {
    const auto first = std::min_element(front.begin(), front.end(),
                                        [](const Objectives& a, const Objectives& b) { return a.values < b.values; });
    return static_cast<std::size_t>(first - front.begin());
}

}  // namespace

std::vector<std::uint32_t> spread_order(std::span<const Objectives> front, std::size_t need) {
    std::vector<std::uint32_t> order;
    need = std::min(need, front.size());
    if (need == 0) return order;
    order.reserve(need);
    Distances distances(front);
    auto next = start_of(front);
    while (true) {
        order.push_back(static_cast<std::uint32_t>(next));
        if (order.size() == need) return order;
        distances.place(next);
        if (order.size() == most_spread_places) break;
        next = distances.farthest();
        if (distances.distance(next) == 0) break;  // the rest are twins of those placed
    }
    for (std::size_t i = 0; i < front.size() && order.size() < need; ++i) {
        if (!distances.is_placed(i)) order.push_back(static_cast<std::uint32_t>(i));
    }
    return order;
}

}  // namespace stemma
