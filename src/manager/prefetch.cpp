#include "manager/prefetch.hpp"

#include <algorithm>

namespace stemma {
namespace {

/// The last 20 leases have two thirds of the weight.
constexpr double weight_of_past = 0.95;

}  // namespace

bool Prefetch::room(std::size_t workers, std::size_t leases, Resource units) const {
    if (leases == 0) return true;
    if (leases_ahead_ != leases_ahead_auto) return leases <= leases_ahead_;
    if (workers < 2 || measured_ < answers_needed || leases > leases_ahead_max) return false;
    if (leases > reports_ / (reports_needed * workers)) return false;
    const double work = units_ > 0 ? seconds_ / units_ * static_cast<double>(units) : 0;
    return work < answers_ahead * std::min(answer_, longest_answer);
}

void Prefetch::learn(double seconds, Resource units, std::optional<double> answer) {
    if (leases_ahead_ != leases_ahead_auto || units <= 0 || !(seconds >= 0)) return;
    ++reports_;
    seconds_ = weight_of_past * seconds_ + seconds;
    units_ = weight_of_past * units_ + static_cast<double>(units);
    if (!answer) return;
    answers_[measured_++ % answers_.size()] = std::max(0.0, *answer);
    auto sorted = answers_;
    const auto end = sorted.begin() + static_cast<std::ptrdiff_t>(std::min(measured_, sorted.size()));
    const auto middle = sorted.begin() + (end - sorted.begin()) / 2;
    std::nth_element(sorted.begin(), middle, end);
    answer_ = *middle;
}

void Prefetch::forget() {
    const auto reports = reports_;
    *this = Prefetch(leases_ahead_);
    reports_ = reports;
}

}  // namespace stemma
