#include "scheduler/founders.hpp"

#include <cmath>

#include "core/error.hpp"

namespace stemma {

std::optional<Founders::Leg> Founders::next(const Placement* placement) const {
    std::optional<Leg> best;
    bool best_stays = false;
    for (std::uint32_t number = 0; number < founders_.size(); ++number) {
        const auto& founder = founders_[number];
        if (!may_go_on(founder)) continue;
        const Leg leg{number, static_cast<std::uint32_t>(founder.legs.size())};
        const auto parent = before(leg);
        const bool stays = placement != nullptr && parent.exists() && placement->stays(parent);
        if (best && (leg.end > best->end || (leg.end == best->end && (best_stays || !stays)))) continue;
        best = leg;
        best_stays = stays;
    }
    return best;
}

action::Create Founders::create(const Leg& leg) const {
    action::Create create{.to = end_of(leg)};
    if (const auto parent = before(leg); parent.exists()) {
        create.parent = create.same_as = parent;
        create.cause = BirthCause::continuation;
        create.same_trial = true;
    }
    return create;
}

void Founders::created(const Leg& leg, MemberId member) {
    auto& legs = founders_[leg.founder].legs;
    ensure(legs.size() == leg.end, "legs of a founder follow each other");
    legs.push_back({member});
}

void Founders::reported(const Leg& leg, double objective) {
    auto& founder = founders_[leg.founder];
    founder.legs[leg.end].objective = objective;
    ++founder.reports;
    if (!std::isfinite(objective)) founder.lost = true;
}

void Founders::lost(const Leg& leg) {
    auto& founder = founders_[leg.founder];
    founder.lost = true;
    if (!founder.running()) return;
    ++founder.reports;
    ++founder.silent;
}

bool Founders::goes_on_from(const Leg& leg) const {
    const auto& founder = founders_[leg.founder];
    return may_go_on(founder) && leg.end + 1 == founder.legs.size();
}

bool Founders::complete(std::size_t end) const {
    for (const auto& founder : founders_) {
        if (founder.reports > end) continue;
        if (!founder.lost || founder.running()) return false;
    }
    return true;
}

std::vector<GpbtCandidate> Founders::candidates(std::size_t end) const {
    std::vector<GpbtCandidate> found;
    for (const auto& founder : founders_) {
        if (founder.reports <= end || !std::isfinite(founder.legs[end].objective)) continue;
        found.push_back({founder.legs[end].objective, ends_[end], founder.legs[end].member});
    }
    return found;
}

std::uint64_t Founders::begun(std::size_t end) const {
    std::uint64_t count = 0;
    for (const auto& founder : founders_) count += founder.legs.size() > end ? 1 : 0;
    return count;
}

std::uint64_t Founders::ended(std::size_t end) const {
    std::uint64_t count = 0;
    for (const auto& founder : founders_) count += founder.reports > end + founder.silent ? 1 : 0;
    return count;
}

Resource Founders::planned() const {
    Resource sum = 0;
    for (const auto& founder : founders_) {
        if (!founder.lost) {
            sum += ends_.back();
        } else if (!founder.legs.empty()) {
            sum += ends_[founder.legs.size() - 1];
        }
    }
    return sum;
}

}  // namespace stemma
