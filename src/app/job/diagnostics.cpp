#include "app/job/diagnostics.hpp"

#include <algorithm>
#include <tuple>

namespace stemma {

namespace {

std::string join(const std::vector<JobError>& errors) {
    std::string text;
    for (const auto& error : errors) text += (text.empty() ? "" : "\n") + error.text();
    return text;
}

}  // namespace

JobErrors::JobErrors(std::vector<JobError> list) : UserError(join(list)), errors(std::move(list)) {}

void Diagnostics::error(Place place, const std::string& key, const std::string& message) {
    ++count_;
    if (full()) return;
    errors_.push_back({where(place), place, key, key.empty() ? message : key + " " + message});
}

bool Diagnostics::blamed(std::string_view key) const {
    return std::any_of(errors_.begin(), errors_.end(), [&](const JobError& error) { return error.key == key; });
}

void Diagnostics::throw_if_any() {
    if (errors_.empty()) return;
    std::stable_sort(errors_.begin(), errors_.end(), [](const JobError& a, const JobError& b) {
        const auto order = [](const Place& p) { return std::tuple(p.override_index, p.line, p.column); };
        return order(a.place) < order(b.place);
    });
    if (count_ > errors_.size()) {
        errors_.push_back({file_, {}, "", "and " + std::to_string(count_ - errors_.size()) + " more errors"});
    }
    throw JobErrors(std::move(errors_));
}

std::string Diagnostics::where(Place place) const {
    if (place.override_index >= 0) return "--set " + overrides_.at(static_cast<std::size_t>(place.override_index));
    if (place.line == 0) return file_;
    return file_ + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

}  // namespace stemma
