// A second opinion on orders and volumes, written from the rules alone: O(n^2) and slower, without any of the tested
// code. Many random sets: with ties, twins, values that are not finite, violations, shuffled members.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/shuffle.hpp"
#include "outcome/fronts.hpp"
#include "outcome/hypervolume.hpp"
#include "outcome/order.hpp"
#include "unit/outcome/points.hpp"

namespace stemma::tests {
namespace {

using Point = std::vector<double>;

struct Entry {
    std::uint64_t member;
    Point point;
    double violation;
};

bool beats(const Point& a, const Point& b) {
    bool better = false;
    for (std::size_t d = 0; d < a.size(); ++d) {
        if (a[d] > b[d]) return false;
        if (a[d] < b[d]) better = true;
    }
    return better;
}

double gap(const Point& a, const Point& b, const std::vector<Entry>& front) {
    double sum = 0;
    for (std::size_t d = 0; d < a.size(); ++d) {
        double low = front[0].point[d];
        double high = low;
        for (const auto& entry : front) {
            low = std::min(low, entry.point[d]);
            high = std::max(high, entry.point[d]);
        }
        if (high == low) continue;
        const double difference = (a[d] - low) / (high - low) - (b[d] - low) / (high - low);
        sum += difference * difference;
    }
    return sum;
}

/// One front, by the definition: for each place the distances to all places before are computed anew.
void check_front(std::vector<Entry> front, std::vector<std::uint64_t>& order) {
    std::sort(front.begin(), front.end(), [](const Entry& a, const Entry& b) { return a.member < b.member; });
    std::vector<Entry> left = front;
    std::vector<Entry> placed;
    while (!left.empty()) {
        std::size_t next = 0;
        double largest = -1;
        for (std::size_t i = 0; i < left.size(); ++i) {
            if (placed.empty()) {
                if (left[i].point < left[next].point) next = i;
                continue;
            }
            double nearest = infinity;
            for (const auto& other : placed) nearest = std::min(nearest, gap(left[i].point, other.point, front));
            if (nearest > largest) {
                largest = nearest;
                next = i;
            }
        }
        order.push_back(left[next].member);
        placed.push_back(left[next]);
        left.erase(left.begin() + static_cast<std::ptrdiff_t>(next));
    }
}

/// Peels fronts off: those that no point left dominates.
std::vector<std::uint64_t> checked_order(const std::vector<Entry>& entries) {
    std::vector<Entry> feasible;
    std::vector<std::pair<double, std::uint64_t>> infeasible;
    for (const auto& entry : entries) {
        if (!std::all_of(entry.point.begin(), entry.point.end(), [](double v) { return std::isfinite(v); })) continue;
        if (entry.violation == 0) {
            feasible.push_back(entry);
        } else {
            infeasible.emplace_back(std::isnan(entry.violation) ? infinity : entry.violation, entry.member);
        }
    }
    std::vector<std::uint64_t> order;
    while (!feasible.empty()) {
        std::vector<Entry> front;
        std::vector<Entry> rest;
        for (const auto& entry : feasible) {
            const bool beaten = std::any_of(feasible.begin(), feasible.end(),
                                            [&](const Entry& other) { return beats(other.point, entry.point); });
            (beaten ? rest : front).push_back(entry);
        }
        check_front(front, order);
        feasible = rest;
    }
    std::sort(infeasible.begin(), infeasible.end());
    for (const auto& [violation, member] : infeasible) order.push_back(member);
    return order;
}

std::vector<Entry> random_entries(Stream& draw, std::size_t count, std::size_t objectives, int steps) {
    std::vector<Entry> entries;
    for (std::size_t i = 0; i < count; ++i) {
        const auto drawn = random_point(draw, objectives, steps);
        Entry entry{i * 3, Point(drawn.values.begin(), drawn.values.begin() + static_cast<std::ptrdiff_t>(objectives)),
                    0};
        const double kind = draw.uniform();
        if (kind < .05) entry.point[draw.below(objectives)] = kind < .02 ? nan : infinity;
        if (kind > .85) entry.violation = std::floor(draw.uniform() * 3) / 2;
        if (kind > .99) entry.violation = nan;
        entries.push_back(entry);
    }
    shuffle(entries, draw);
    return entries;
}

TEST(OrderChecker, AgreesOnRandomSets) {
    for (std::uint64_t seed = 0; seed < 3000; ++seed) {
        Stream draw(seed, Purpose::test, 1);
        const std::size_t objectives = 1 + seed % 3;
        const int steps = seed % 4 == 0 ? 0 : static_cast<int>(2 + seed % 7);
        const auto entries = random_entries(draw, draw.below(40), objectives, steps);
        std::vector<Candidate> members;
        for (const auto& entry : entries)
            members.push_back({{entry.member}, {Objectives(entry.point), entry.violation}});
        const auto expected = checked_order(entries);
        std::vector<std::uint64_t> order;
        for (const auto index : order_of(members)) order.push_back(members[index].member.value);
        ASSERT_EQ(order, expected) << "seed " << seed;
        const auto need = draw.below(expected.size() + 2);
        ASSERT_EQ(order_of(members, need).size(), std::min(need, expected.size())) << "seed " << seed;
        std::vector<std::uint64_t> first;
        for (const auto index : order_of(members, need)) first.push_back(members[index].member.value);
        ASSERT_TRUE(std::equal(first.begin(), first.end(), expected.begin())) << "seed " << seed;
    }
}

/// Counts unit cubes (whole numbers from 0 to 6 in each objective).
double counted_volume(const std::vector<Objectives>& points, const Objectives& reference) {
    double cubes = 0;
    const auto top = [&](std::size_t d) { return d < reference.count ? static_cast<int>(reference[d]) : 1; };
    for (int x = 0; x < top(0); ++x) {
        for (int y = 0; y < top(1); ++y) {
            for (int z = 0; z < top(2); ++z) {
                const int corner[] = {x, y, z};
                cubes += std::any_of(points.begin(), points.end(), [&](const Objectives& item) {
                    for (std::size_t d = 0; d < item.count; ++d) {
                        if (item[d] > corner[d]) return false;
                    }
                    return true;
                });
            }
        }
    }
    return cubes;
}

TEST(VolumeChecker, CountsTheSameCubes) {
    for (std::uint64_t seed = 0; seed < 3000; ++seed) {
        Stream draw(seed, Purpose::test, 2);
        const std::size_t count = 1 + seed % 3;
        const auto reference = random_point(draw, count, 7);
        std::vector<Objectives> points;
        for (std::size_t i = draw.below(15); i-- > 0;) points.push_back(random_point(draw, count, 7));
        ASSERT_EQ(hypervolume(points, reference), counted_volume(points, reference)) << "seed " << seed;
    }
}

/// Inclusion and exclusion over all subsets: for values that are no whole numbers.
double excluded_volume(const std::vector<Objectives>& points, const Objectives& reference) {
    double total = 0;
    for (std::size_t subset = 1; subset < (std::size_t{1} << points.size()); ++subset) {
        double sign = -1;
        Point corner(reference.count, -infinity);
        for (std::size_t i = 0; i < points.size(); ++i) {
            if ((subset >> i & 1U) == 0) continue;
            sign = -sign;
            for (std::size_t d = 0; d < corner.size(); ++d) corner[d] = std::max(corner[d], points[i][d]);
        }
        double product = 1;
        for (std::size_t d = 0; d < corner.size(); ++d) product *= std::max(0.0, reference[d] - corner[d]);
        total += sign * product;
    }
    return total;
}

TEST(VolumeChecker, InclusionAndExclusionAgree) {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        Stream draw(seed, Purpose::test, 3);
        const std::size_t count = 2 + seed % 2;
        Objectives reference = random_point(draw, count, 0);
        std::vector<Objectives> points;
        for (std::size_t i = 1 + draw.below(9); i-- > 0;) points.push_back(random_point(draw, count, 0));
        ASSERT_NEAR(hypervolume(points, reference), excluded_volume(points, reference), 1e-12) << "seed " << seed;
    }
}

TEST(OrderChecker, LargeSetsHaveTheFrontsOfPeeling) {
    for (const std::size_t objectives : {std::size_t{2}, std::size_t{3}}) {
        Stream draw(objectives, Purpose::test, 4);
        std::vector<Objectives> points;
        for (int i = 0; i < 1500; ++i) points.push_back(random_point(draw, objectives, i % 2 == 0 ? 30 : 0));
        const auto numbers = front_numbers(points);
        for (std::size_t i = 0; i < points.size(); ++i) {
            // The number of a front is the length of the longest chain of domination that ends there.
            std::uint32_t above = 0;
            for (std::size_t j = 0; j < points.size(); ++j) {
                if (dominates(points[j], points[i])) above = std::max(above, numbers[j] + 1);
            }
            ASSERT_EQ(numbers[i], above) << i;
        }
    }
}

}  // namespace
}  // namespace stemma::tests
