// What populations must never do: lose themselves.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "simulator/checkers.hpp"

namespace stemma {

bool Checkers::lives(const Member& member) const {
    return std::isfinite(member.objective) && !member.over && member.finished < settings_.lineages.max &&
           can_be_had(member.latest);
}

bool Checkers::knows(const Member& member) const { return member.reported > last_loss_; }

bool Checkers::may_go_on(const Member& member) const {
    // The best of all is kept as the result, long after its heirs went on.
    const bool only_kept = member.latest == best_snapshot_ && member.has_heirs;
    return lives(member) && !only_kept && knows(member);
}

void Checkers::check_founder() {
    if (settings_.lineages.founders == 0) return;
    const auto living =
        std::find_if(members_.begin(), members_.end(), [&](const Member& one) { return may_go_on(one); });
    if (living == members_.end()) {
        to_found_ = std::max(to_found_, settings_.lineages.restart);
    } else if (to_found_ == 0) {
        violated(fmt::format("member {} is born from scratch although member {} lives", members_.size(),
                             living - members_.begin()));
    }
    --to_found_;
}

void Checkers::note_gone(SnapshotId snapshot) {
    if (settings_.lineages.founders == 0 || can_be_had(snapshot)) return;
    if (given_away_.insert(snapshot).second) gone_.push_back(snapshot);
}

bool Checkers::follows(const Member& other, const Member& one) const {
    if (!std::isfinite(other.objective) || other.over) return false;
    if (other.finished >= settings_.lineages.max) return true;
    const auto* ancestor = &other;
    while (ancestor != &one && ancestor->parent.exists()) ancestor = &members_[ancestor->parent.value];
    const bool heir = ancestor == &one && &other != &one;
    if (settings_.lineages.to_the_better && !heir) return lives(other) && other.objective <= one.objective;
    // The loss of its snapshot may not be known yet.
    return other.latest.exists() && !given_away_.contains(other.latest);
}

void Checkers::check_gone() {
    const auto gone = std::exchange(gone_, {});
    if (ended_) return;
    // If memory is short, snapshots are dropped for other reasons.
    for (const auto& [id, worker] : workers_) {
        if (worker.quota > 0) return;
    }
    for (const auto snapshot : gone) {
        const auto id = copies_.at(snapshot).member;
        if (!id.exists()) continue;
        const auto& member = members_[id.value];
        const bool given_up = member.latest == snapshot && std::isfinite(member.objective) && !member.over &&
                              member.finished < settings_.lineages.max && knows(member);
        if (!given_up) continue;
        const bool somebody =
            std::any_of(members_.begin(), members_.end(), [&](const Member& other) { return follows(other, member); });
        if (somebody) continue;
        violated(fmt::format("member {} gives up although no {} member lives", id.value,
                             settings_.lineages.to_the_better ? "better" : "other"));
    }
}

}  // namespace stemma
