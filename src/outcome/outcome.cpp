#include "outcome/outcome.hpp"

#include "core/error.hpp"

namespace stemma {

Objectives::Objectives(std::span<const double> given) : count(static_cast<std::uint8_t>(given.size())) {
    ensure(!given.empty() && given.size() <= most_objectives, "an outcome has one to three objectives");
    std::copy(given.begin(), given.end(), values.begin());
}

bool Objectives::finite() const {
    return std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
}

bool dominates(const Objectives& a, const Objectives& b) {
    bool below = false;
    for (std::size_t d = 0; d < a.count; ++d) {
        if (!(a[d] <= b[d])) return false;
        below = below || a[d] < b[d];
    }
    return below;
}

}  // namespace stemma
