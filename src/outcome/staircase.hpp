#pragma once
#include <iterator>
#include <map>

namespace stemma {

/// Points (x, y) of which none is at most another in both: as x grows, y falls. What lies right of and above a point is
/// covered. O(log n) for each call, amortized over the points that insert() removes.
class Staircase {
public:
    bool covers(double x, double y) const {
        const auto after = steps_.upper_bound(x);
        return after != steps_.begin() && std::prev(after)->second <= y;
    }

    /// Area that the point (x, y), not covered yet, would cover below the corner. All points are below the corner in
    /// both. A sum of products that are not negative.
    double gain(double x, double y, double corner_x, double corner_y) const {
        auto step = steps_.lower_bound(x);
        double ceiling = step == steps_.begin() ? corner_y : std::prev(step)->second;
        double left = x;
        double area = 0;
        for (; step != steps_.end() && step->second > y; ++step) {
            area += (step->first - left) * (ceiling - y);
            left = step->first;
            ceiling = step->second;
        }
        const double right = step == steps_.end() ? corner_x : step->first;
        return area + (right - left) * (ceiling - y);
    }

    /// Adds a point that is not covered, and removes those that it covers.
    void insert(double x, double y) {
        auto step = steps_.lower_bound(x);
        while (step != steps_.end() && step->second >= y) step = steps_.erase(step);
        steps_.emplace_hint(step, x, y);
    }

private:
    std::map<double, double> steps_;
};

}  // namespace stemma
