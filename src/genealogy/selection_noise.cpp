#include "genealogy/selection_noise.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace stemma {

namespace {

constexpr std::size_t families_min = 8;
constexpr double chi_squared_median = 0.4549;  // of one degree of freedom: from a median square to a variance
constexpr double noisy_share = 0.5;

/// `values` is not empty.
double median(std::vector<double> values) {
    std::ranges::sort(values);
    const auto half = values.size() / 2;
    return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// The metric at `resource`, where less is better; worst (infinite) if it is not finite or not there.
double loss_at(const Genealogy& genealogy, const Relative& member, Resource resource) {
    constexpr double worst = std::numeric_limits<double>::infinity();
    const auto report = std::ranges::find(member.reports, resource, &Measurement::resource);
    if (report == member.reports.end() || !std::isfinite(report->metric)) return worst;
    return genealogy.better(1, 0) ? -report->metric : report->metric;
}

struct Family {
    double change = 0;    ///< of the child that repeats its parent
    double variance = 0;  ///< that explains how far its best sibling is from the median one
};

std::optional<Family> family_of(const Genealogy& genealogy, MemberId parent, MemberId repeated) {
    const auto& child = genealogy[repeated];
    if (child.reports.empty()) return {};
    const auto to = child.reports.front().resource;
    const double change = loss_at(genealogy, child, to) - loss_at(genealogy, genealogy[parent], child.from);
    std::vector<double> others;
    for (const auto id : genealogy.children(parent)) {
        const auto& other = genealogy[id];
        if (id == repeated || !other.heir() || other.from != child.from || other.reports.empty()) continue;
        if (other.reports.front().resource == to) others.push_back(loss_at(genealogy, other, to));
    }
    if (!std::isfinite(change) || others.size() < 2) return {};
    const double middle = median(others);
    if (!std::isfinite(middle)) return {};
    const auto count = static_cast<double>(others.size());
    // Blom: the expected largest of so many standard normal values.
    const double ahead = boost::math::quantile(boost::math::normal(), (count - 0.375) / (count + 0.25));
    const double deviation = (middle - std::ranges::min(others)) / ahead;
    return Family{change, deviation * deviation};
}

}  // namespace

double SelectionNoise::share() const {
    return spread > 0 ? std::min(1.0, (deviation / spread) * (deviation / spread)) : 0;
}

std::optional<SelectionNoise> selection_noise(const Genealogy& genealogy) {
    std::vector<double> changes, variances;
    std::vector<Resource> counted(genealogy.size(), 0);  // where the last family of each parent was born
    for (std::uint64_t id = 0; id < genealogy.size(); ++id) {
        const auto& member = genealogy[{id}];
        if (!member.heir() || member.configuration != genealogy[member.parent].configuration) continue;
        if (std::exchange(counted[member.parent.value], member.from) == member.from) continue;
        const auto family = family_of(genealogy, member.parent, {id});
        if (!family) continue;
        changes.push_back(family->change);
        variances.push_back(family->variance);
    }
    if (changes.size() < families_min) return {};
    std::vector<double> squares;
    for (std::size_t i = 1; i < changes.size(); ++i) squares.push_back(std::pow(changes[i] - changes[i - 1], 2));
    constexpr double reports_in_a_square = 4;
    return SelectionNoise{changes.size(), std::sqrt(median(squares) / chi_squared_median / reports_in_a_square),
                          std::sqrt(median(variances))};
}

std::string selection_noise_text(const Genealogy& genealogy, const std::string& metric) {
    const auto noise = selection_noise(genealogy);
    if (!noise || noise->share() < noisy_share) return "";
    return fmt::format(
        "selection: noise explains about {:.0f} % of the differences in {} between good siblings (standard deviation "
        "{:.2g}, from {} families).\n  The interval is short for this noise: a longer scheduler.interval compares "
        "better (with \"auto\": scheduler.interval_min).\n",
        100 * noise->share(), metric, noise->deviation, noise->families);
}

}  // namespace stemma
