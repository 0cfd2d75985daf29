// GPBT's arms: what follows from the events of their members.
#include <algorithm>

#include "core/error.hpp"
#include "scheduler/arms_search.hpp"

namespace stemma {

void Arms::settle(Actions& out) {
    for (std::size_t i = 0; i < arms_.size(); ++i) {
        if (!arms_[i].search && !arms_[i].verdict && founders_->complete(i)) begin_arm(i, out);
    }
    bool changed = false;
    for (std::size_t i = 0; i < arms_.size(); ++i) {
        auto& arm = arms_[i];
        if (!arm.search || arm.verdict) continue;
        note(i);
        changed = changed || (arm.search->dead() && !arm.buried);
        arm.buried = arm.search->dead();
    }
    changed = judge(out) || changed;
    if (changed) top_up();
    for (std::size_t i = 0; i < arms_.size(); ++i) {
        auto& arm = arms_[i];
        if (!arm.search || !arm.going() || !arm.search->closed()) continue;
        Actions answer;
        arm.search->open_next(budget_.open(i, going()), answer);
        hand_on(i, answer, out);
        arm.opened = arm.search->opened();
        arm.noted = false;
    }
    start_again_if_lost();
}

void Arms::begin_arm(std::size_t number, Actions& out) {
    auto& arm = arms_[number];
    auto founders = founders_->candidates(number);
    for (auto& founder : founders) {
        auto& member = members_[founder.member.value];
        member.number = static_cast<std::uint32_t>(arm.members.size());
        arm.members.push_back(founder.member);
        founder.member = {member.number};
    }
    arm.search.emplace(settings_, arm.boundaries);
    Actions answer;
    arm.search->begin_with(founders, answer);
    hand_on(number, answer, out);
}

/// Tells budget and referee of a generation that has ended.
void Arms::note(std::size_t number) {
    auto& arm = arms_[number];
    const auto& search = *arm.search;
    const bool repeated = search.opened() != arm.opened;
    const bool closes = search.closed() && !arm.noted && !search.dead();
    if (repeated || closes || search.dead()) budget_.close(number);
    arm.opened = search.opened();
    if (!closes) return;
    arm.noted = true;
    const auto& best = search.best();
    referee_->closed(number, {search.closed_at(), best.objective, arm.members[best.member.value]});
}

bool Arms::judge(Actions& out) {
    std::vector<bool> living;
    for (const auto& arm : arms_) living.push_back(!arm.verdict && arm.search && !arm.search->dead());
    const auto verdicts = referee_->judge(std::move(living));
    for (const auto& verdict : verdicts) {
        auto& arm = arms_[verdict.stopped];
        arm.verdict = verdict;
        budget_.close(verdict.stopped);
        out.push_back(action::StopArm{verdict.behind.member, verdict.ahead.member});
        Actions answer;
        arm.search->stop(answer);
        hand_on(verdict.stopped, answer, out);
    }
    return !verdicts.empty();
}

void Arms::top_up() {
    const auto all = going();
    for (std::size_t i = 0; i < arms_.size(); ++i) {
        if (!arms_[i].open() || !arms_[i].search->has_parents()) continue;
        if (const auto more = budget_.top_up(i, all); more > 0) arms_[i].search->add_children(more);
    }
}

std::vector<ArmBudget::Going> Arms::going() const {
    std::vector<ArmBudget::Going> all;
    for (std::size_t i = 0; i < arms_.size(); ++i) {
        if (arms_[i].going()) all.push_back({i, 0, max_ - arms_[i].closed_at()});
    }
    for (auto& one : all) one.weight = arm_weight(&one == all.data(), all.size());
    return all;
}

void Arms::start_again_if_lost() {
    if (in_flight_ > 0 || attempts_left_ == 0 || founders_->next(nullptr)) return;
    for (std::size_t i = 0; i < arms_.size(); ++i) {
        const auto& arm = arms_[i];
        if (!arm.verdict && !(arm.search && arm.search->lost())) return;
    }
    if (budget_.spent() + static_cast<Resource>(plan_.founders) * plan_.ends.back() > budget_.budget()) return;
    --attempts_left_;
    earlier_ = rungs();
    ++attempt_;
    begin();
}

}  // namespace stemma
