#include "scheduler/outcome_rung.hpp"

#include <algorithm>

namespace stemma {

void OutcomeRung::finish(MemberId member, const Outcome& outcome, std::vector<MemberId>& entered) {
    ++finished_;
    if (!outcome.diverged()) order_.add({member, outcome});
    settle();
    if (!has_candidate()) return;
    for (const auto one : order_.best(top_size())) {
        if (!gone_.contains(one) && seen_.insert(one).second) entered.push_back(one);
    }
}

MemberId OutcomeRung::best_left(bool fresh) {
    const auto top = order_.best(top_size(), fresh);
    const auto left = std::find_if(top.begin(), top.end(), [&](MemberId one) { return !gone_.contains(one); });
    return left == top.end() ? MemberId::none() : *left;
}

void OutcomeRung::settle() {
    candidate_ = {};
    if (taken_ >= top_size()) return;
    candidate_ = best_left(false);
    if (!candidate_.exists()) candidate_ = best_left(true);
}

std::optional<MemberId> OutcomeRung::take_best() {
    if (!has_candidate()) return std::nullopt;
    const auto taken = candidate_;
    gone_.insert(taken);
    ++taken_;
    settle();
    return taken;
}

void OutcomeRung::withdraw(MemberId member) {
    gone_.insert(member);
    if (candidate_ == member) settle();
}

std::uint64_t OutcomeRung::dominators(const Outcome& outcome) const {
    const auto all = order_.candidates();
    return static_cast<std::uint64_t>(std::count_if(all.begin(), all.end(), [&](const Candidate& other) {
        return dominates(other.outcome.objectives, outcome.objectives);
    }));
}

std::size_t OutcomeRung::memory_bytes() const {
    constexpr std::size_t node = 48;  // of a std::set, about
    return order_.memory_bytes() + (gone_.size() + seen_.size()) * node;
}

}  // namespace stemma
