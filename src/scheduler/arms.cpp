#include "scheduler/arms.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.hpp"
#include "scheduler/arms_search.hpp"
#include "scheduler/retention.hpp"

namespace stemma {

namespace {

/// The arms' settings: what has no meaning for them is off.
GpbtSettings settings_of_arms(GpbtSettings settings) {
    settings.patience = settings.deadline = 0;
    settings.quorum = 1;
    settings.sequential = settings.early_stopping = settings.learned_parents = false;
    return settings;
}

/// Where weights are, for the members of one arm.
class LocalPlacement : public Placement {
public:
    LocalPlacement(const Placement& all, const std::vector<MemberId>& members) : all_(all), members_(members) {}
    bool stays(MemberId member) const override { return all_.stays(members_[member.value]); }

private:
    const Placement& all_;
    const std::vector<MemberId>& members_;
};

}  // namespace

Arms::Arms(const GpbtSettings& settings)
    : settings_(settings_of_arms(settings)),
      plan_(plan_arms(settings)),
      max_(settings.max),
      budget_(plan_.parts.size(), plan_.budget) {
    begin();
}

void Arms::begin() {
    referee_.emplace(plan_.parts.size(), max_);
    founders_.emplace(plan_.ends, plan_.founders);
    arms_.clear();
    for (const auto parts : plan_.parts) {
        arms_.push_back({GpbtBoundaries::divided(settings_.max, parts)});
        arms_.back().boundaries.raise_max(max_);
    }
    budget_.begin(founders_->planned());
}

Resource Arms::total() const {
    const double wanted = static_cast<double>(settings_.children) * static_cast<double>(max_);
    return wanted < arm_budget_max ? static_cast<Resource>(settings_.children) * max_
                                   : static_cast<Resource>(arm_budget_max);
}

// ---- launching -----------------------------------------------------------------------------------------------------

std::optional<std::size_t> Arms::next_arm() const {
    std::optional<std::size_t> best;
    Resource end = 0;
    for (std::size_t i = 0; i < arms_.size(); ++i) {
        if (!arms_[i].open()) continue;
        const auto own = arms_[i].search->next_end();
        if (!own || (best && *own > end)) continue;
        best = i;
        end = *own;
    }
    return best;
}

void Arms::take(const event::WorkWanted& wanted, Actions& out) {
    if (no_more_) return;
    const auto leg = founders_->next(wanted.placement);
    const auto arm = next_arm();
    if (leg && (!arm || founders_->end_of(*leg) <= *arms_[*arm].search->next_end())) {
        auto create = founders_->create(*leg);
        create.bracket = {leg->end};
        const auto from = create.parent.exists() ? members_[create.parent.value].to : 0;
        asked_ = {.attempt = attempt_, .arm = leg->end, .leg = *leg, .from = from, .to = create.to};
        out.push_back(create);
        return;
    }
    if (!arm) return;
    auto& own = arms_[*arm];
    std::optional<LocalPlacement> placement;
    if (wanted.placement != nullptr) placement.emplace(*wanted.placement, own.members);
    Actions answer;
    own.search->on(event::WorkWanted{wanted.now, placement ? &*placement : nullptr}, answer);
    ensure(answer.size() == 1, "an arm that has work asks for one member");
    const auto& create = std::get<action::Create>(answer.front());
    asked_ = {.attempt = attempt_,
              .arm = static_cast<std::uint32_t>(*arm),
              .number = static_cast<std::uint32_t>(own.members.size()),
              .from = members_[own.members[create.parent.value].value].to,
              .to = create.to,
              .in_arm = true};
    hand_on(*arm, answer, out);
}

void Arms::take(const event::Created& created, Actions& out) {
    ensure(created.member.value == members_.size(), "members are numbered in order of birth");
    ++in_flight_;
    members_.push_back(asked_);
    if (asked_.is_leg()) {
        founders_->created(asked_.leg, created.member);
        if (const auto before = founders_->before(asked_.leg); before.exists()) release(before, out);
        return;
    }
    arms_[asked_.arm].members.push_back(created.member);
    budget_.launched(asked_.arm, asked_.to - asked_.from);
    tell(asked_.arm, event::Created{{asked_.number}}, out);
}

void Arms::take(const event::ParentLost& lost, Actions& out) {
    const auto& parent = members_[lost.parent.value];
    if (asked_.is_leg()) {
        lose_waiting(lost.parent, out);
        release(lost.parent, out);
    } else {
        // A founder that would go on from these weights cannot either.
        if (parent.is_leg() && founders_->goes_on_from(parent.leg)) founders_->lost(parent.leg);
        budget_.set_founders(founders_->planned());
        tell(asked_.arm, event::ParentLost{{parent.number}}, out);
    }
    settle(out);
}

// ---- results -------------------------------------------------------------------------------------------------------

void Arms::take(const event::Report& report, Actions& out) {
    auto& member = members_[report.member.value];
    member.running = false;
    --in_flight_;
    auto& arm = arms_[member.arm];
    if (member.is_leg()) {
        leg_reported(member, report, out);
    } else if (arm.verdict) {
        member.in_arm = false;
        release(report.member, out);
    } else {
        auto own = report;
        own.member = {member.number};
        tell(member.arm, own, out);
    }
    settle(out);
}

void Arms::leg_reported(Member& member, const event::Report& report, Actions& out) {
    founders_->reported(member.leg, report.objective);
    budget_.set_founders(founders_->planned());
    member.in_arm = std::isfinite(report.objective);
    if (member.in_arm) {
        const double priority = certain_to_go_on + retention_priority(0, report.objective);
        out.push_back(action::Keep{report.member, priority, true});
    } else {
        release(report.member, out);
    }
}

void Arms::take(const event::GivenUp& given_up, Actions& out) {
    auto& member = members_[given_up.member.value];
    if (!std::exchange(member.running, false)) {
        if (member.attempt == attempt_) lose_waiting(given_up.member, out);
    } else {
        --in_flight_;
        if (member.is_leg()) {
            founders_->lost(member.leg);
            budget_.set_founders(founders_->planned());
        } else if (!arms_[member.arm].verdict) {
            tell(member.arm, event::GivenUp{{member.number}}, out);
        }
    }
    settle(out);
}

void Arms::lose_waiting(MemberId id, Actions& out) {
    auto& member = members_[id.value];
    if (member.is_leg()) {
        if (founders_->goes_on_from(member.leg)) founders_->lost(member.leg);
        founders_->drop(member.leg);
        budget_.set_founders(founders_->planned());
    }
    if (!std::exchange(member.in_arm, false)) return;
    if (member.number != none && !arms_[member.arm].verdict) tell(member.arm, event::GivenUp{{member.number}}, out);
}

void Arms::take(const event::Extended& extended, Actions& out) {
    no_more_ = false;
    attempts_left_ = attempts_max;
    max_ = std::max(max_, extended.max_resource);
    budget_.set_budget(total());
    referee_->raise_max(max_);
    for (std::size_t i = 0; i < arms_.size(); ++i) {
        auto& arm = arms_[i];
        arm.boundaries.raise_max(max_);
        if (!arm.search || arm.verdict) continue;
        tell(i, event::Extended{max_}, out);
        arm.buried = arm.search->dead();
    }
    settle(out);
}

void Arms::tell(std::size_t arm, const Event& event, Actions& out) {
    Actions answer;
    arms_[arm].search->on(event, answer);
    hand_on(arm, answer, out);
}

void Arms::hand_on(std::size_t arm, const Actions& answer, Actions& out) {
    const auto everywhere = [&](MemberId own) {
        return own.exists() ? arms_[arm].members[own.value] : MemberId::none();
    };
    for (const auto& action : answer) {
        if (const auto* release_it = std::get_if<action::Release>(&action)) {
            const auto id = everywhere(release_it->member);
            members_[id.value].in_arm = false;
            release(id, out);
        } else if (const auto* keep = std::get_if<action::Keep>(&action)) {
            out.push_back(action::Keep{everywhere(keep->member), keep->priority, keep->promotable});
        } else if (const auto* select = std::get_if<action::Select>(&action)) {
            out.push_back(action::Select{everywhere(select->member), select->generation});
        } else {
            auto create = std::get<action::Create>(action);
            create.parent = everywhere(create.parent);
            create.same_as = everywhere(create.same_as);
            create.bracket = {arm};
            out.push_back(create);
        }
    }
}

void Arms::release(MemberId id, Actions& out) {
    const auto& member = members_[id.value];
    if (member.in_arm) return;
    if (member.is_leg() && member.attempt == attempt_ && founders_->goes_on_from(member.leg)) return;
    out.push_back(action::Release{id});
}

std::unique_ptr<Scheduler> make_gpbt_arms(const GpbtSettings& settings) { return std::make_unique<Arms>(settings); }

}  // namespace stemma
