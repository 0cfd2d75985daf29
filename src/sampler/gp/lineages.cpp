#include "sampler/gp/lineages.hpp"

#include <algorithm>
#include <cmath>

#include "core/error.hpp"

namespace stemma::gp {
namespace {

bool better(const Trial& one, const Trial& other) {
    return one.objective != other.objective ? one.objective < other.objective : one.member < other.member;
}

bool older(const Trial& one, const Trial& other) {
    return one.member != other.member ? one.member < other.member : one.resource < other.resource;
}

void keep_latest(std::vector<Trial>& trials, std::size_t count) {
    std::ranges::sort(trials, older);
    if (trials.size() > count) trials.erase(trials.begin(), trials.end() - static_cast<std::ptrdiff_t>(count));
}

/// The latest half of `cap`, and the best of what is before them.
void cap_observed(std::vector<Trial>& trials, std::size_t cap) {
    std::ranges::sort(trials, older);
    if (trials.size() <= cap) return;
    const auto latest = trials.end() - static_cast<std::ptrdiff_t>(cap / 2);
    const auto best = trials.begin() + static_cast<std::ptrdiff_t>(cap - cap / 2);
    std::partial_sort(trials.begin(), best, latest, better);
    trials.erase(best, latest);
    std::ranges::sort(trials, older);
}

}  // namespace

void Lineages::born(const Birth& birth) {
    const auto parent = members_.find(birth.parent);
    const double generation = parent != members_.end() ? parent->second.generation + 1 : 0;
    members_[birth.member] = {.configuration = {birth.configuration.begin(), birth.configuration.end()},
                              .parent = birth.parent,
                              .from = birth.from,
                              .generation = generation,
                              .measured = {}};
    children_[birth.parent].push_back(birth.member);
}

void Lineages::observe(const Observation& observation) {
    const auto found = members_.find(observation.member);
    ensure(found != members_.end(), "a member is born before it is observed");
    auto& [id, member] = *found;
    const auto place = std::ranges::lower_bound(member.measured, observation.resource, {}, &Measurement::resource);
    if (place != member.measured.end() && place->resource == observation.resource) {
        place->objective = observation.objective;
        return;
    }
    const auto before = place == member.measured.begin() ? member.from : std::prev(place)->resource;
    if (observation.resource > before) interval_ = observation.resource - before;
    member.measured.insert(place, {observation.resource, observation.objective});
    if (!member.parent.exists() && std::isfinite(observation.objective)) ++reached_[observation.resource];
}

void Lineages::given_up(MemberId member) {
    if (const auto found = members_.find(member); found != members_.end()) found->second.given_up = true;
}

const Configuration& Lineages::configuration(MemberId member) const {
    const auto found = members_.find(member);
    ensure(found != members_.end(), "a parent is born before its children");
    return found->second.configuration;
}

const Lineages::Measurement* Lineages::at(const Member& member, Resource resource) {
    const Measurement* result = nullptr;
    for (const auto& measurement : member.measured) {
        if (measurement.resource == resource) return &measurement;
        if (measurement.resource < resource && !std::isfinite(measurement.objective)) result = &measurement;
    }
    return result;
}

Resource Lineages::rung(std::size_t enough) const {
    Resource most = 0;
    std::size_t count = 0;
    for (auto place = reached_.rbegin(); place != reached_.rend(); ++place) {
        if (place->second >= enough) return place->first;
        if (place->second > count) {
            most = place->first;
            count = place->second;
        }
    }
    return most;
}

Trials Lineages::trials(MemberId parent, std::size_t cap, std::size_t enough) const {
    Trials found;
    const bool scratch = !parent.exists();
    const auto resource = scratch ? rung(enough) : 0;
    const auto add_children = [&](MemberId of) {
        const auto children = children_.find(of);
        if (children == children_.end()) return;
        for (const auto id : children->second) {
            const auto& member = members_.at(id);
            Trial trial{id, member.configuration, member.generation};
            if (member.measured.empty()) {
                if (!member.given_up) found.pending.push_back(trial);
                continue;
            }
            const auto* measurement = scratch ? at(member, resource) : &member.measured.back();
            if (measurement == nullptr) continue;
            trial.objective = measurement->objective;
            trial.resource = measurement->resource;
            found.observed.push_back(trial);
        }
    };
    if (!scratch) found.next_time = members_.at(parent).generation + 1;
    for (auto ancestor = parent; ancestor.exists(); ancestor = members_.at(ancestor).parent) add_children(ancestor);
    add_children(MemberId::none());
    cap_observed(found.observed, cap);
    keep_latest(found.pending, std::max<std::size_t>(1, cap / 2));
    return found;
}

double Lineages::periods(Resource training) const {
    return static_cast<double>(training) / static_cast<double>(interval_);
}

void Lineages::add_steps(MemberId id, const Member& member, Trials& found) const {
    const Measurement* before = nullptr;
    if (const auto parent = members_.find(member.parent); parent != members_.end()) {
        for (const auto& measurement : parent->second.measured) {
            if (measurement.resource <= member.from) before = &measurement;
        }
    }
    for (const auto& after : member.measured) {
        const bool first_of_child = before != nullptr && &after == &member.measured.front();
        if (before != nullptr && after.resource > before->resource && std::isfinite(before->objective)) {
            const auto training = static_cast<double>(after.resource - before->resource);
            const auto from = first_of_child ? member.from : before->resource;
            found.observed.push_back({id, member.configuration, periods(from),
                                      (after.objective - before->objective) / training, after.resource});
        }
        before = &after;
    }
    if (member.measured.empty() && !member.given_up)
        found.pending.push_back({id, member.configuration, periods(member.from)});
}

Trials Lineages::steps(MemberId parent, std::size_t cap) const {
    Trials found;
    for (const auto& [id, member] : members_) add_steps(id, member, found);
    if (parent.exists()) {
        const auto& measured = members_.at(parent).measured;
        found.next_time = periods(measured.empty() ? members_.at(parent).from : measured.back().resource);
    }
    cap_observed(found.observed, cap);
    keep_latest(found.pending, std::max<std::size_t>(1, cap / 2));
    return found;
}

}  // namespace stemma::gp
