#include "scheduler/synchronous.hpp"

#include <algorithm>
#include <utility>

#include "core/error.hpp"

namespace stemma {

namespace {

/// Sums by (bracket, resource): brackets of one kind differ in their rungs after the largest resource was raised.
void add(std::vector<RungRow>& rows, const std::vector<RungRow>& more) {
    const auto before = [](const RungRow& a, const RungRow& b) {
        return std::pair(a.bracket, a.resource) < std::pair(b.bracket, b.resource);
    };
    for (const auto& row : more) {
        const auto found = std::lower_bound(rows.begin(), rows.end(), row, before);
        if (found == rows.end() || before(row, *found)) {
            rows.insert(found, row);
            continue;
        }
        found->entered += row.entered;
        found->finished += row.finished;
        found->promoted += row.promoted;
    }
}

}  // namespace

SynchronousHalving::SynchronousHalving(Settings settings) : settings_(std::move(settings)) {
    ensure(open_next(), "there is a first bracket");
}

void SynchronousHalving::on(const Event& event, Actions& out) {
    std::visit([&](const auto& item) { take(item, out); }, event);
}

std::vector<RungRow> SynchronousHalving::rungs() const {
    std::vector<RungRow> rows;
    for (const auto& bracket : brackets_) {
        const bool begun = bracket.rows().front().entered > 0;
        if (begun || brackets_.size() == 1) add(rows, bracket.rows());
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
        rows[i].rung = i > 0 && rows[i - 1].bracket == rows[i].bracket ? rows[i - 1].rung + 1 : 0;
    }
    return rows;
}

bool SynchronousHalving::exhausted() const {
    if (in_flight_ > 0 || !with_work_.empty()) return false;
    return no_more_ || !settings_.plan(brackets_.size(), settings_.max);
}

bool SynchronousHalving::open_next() {
    const auto number = static_cast<std::uint32_t>(brackets_.size());
    auto plan = settings_.plan(number, settings_.max);
    if (!plan) return false;
    brackets_.emplace_back(plan->kind, plan->members, std::move(plan->resources), settings_.eta);
    with_work_.insert(number);
    return true;
}

void SynchronousHalving::refresh(std::uint32_t number) {
    if (brackets_[number].has_work()) {
        with_work_.insert(number);
    } else {
        with_work_.erase(number);
    }
}

void SynchronousHalving::take(const event::WorkWanted&, Actions& out) {
    if (with_work_.empty() && (no_more_ || !open_next())) return;
    const auto number = *with_work_.begin();
    auto& bracket = brackets_[number];
    if (const auto member = bracket.next()) {
        members_[member->value].running = true;
        ++in_flight_;
        out.push_back(action::Train{*member, bracket.resource()});
        refresh(number);
    } else {
        birth_ = number;
        out.push_back(action::Create{.to = bracket.resource(), .bracket = {birth_}});
    }
}

void SynchronousHalving::take(const event::Created& created, Actions&) {
    ensure(created.member.value == members_.size(), "members are numbered in order of birth");
    members_.push_back({birth_, true});
    ++in_flight_;
    brackets_[birth_].born();
    refresh(birth_);
}

void SynchronousHalving::take(const event::NoMoreMembers&, Actions& out) {
    no_more_ = true;
    // Only the bracket that asked still needs members: another bracket is opened when none has work.
    brackets_[birth_].close(out);
    refresh(birth_);
}

void SynchronousHalving::take(const event::Report& report, Actions& out) {
    auto& member = members_[report.member.value];
    ensure(std::exchange(member.running, false), "a report comes from a member that was asked to train");
    --in_flight_;
    brackets_[member.bracket].reported(report, out);
    refresh(member.bracket);
}

void SynchronousHalving::take(const event::GivenUp& given_up, Actions& out) {
    auto& member = members_[given_up.member.value];
    auto& bracket = brackets_[member.bracket];
    if (std::exchange(member.running, false)) {
        --in_flight_;
        bracket.dropped(out);
    } else {
        bracket.withdrawn(given_up.member, out);
    }
    refresh(member.bracket);
}

void SynchronousHalving::take(const event::Extended& extended, Actions& out) {
    no_more_ = false;
    if (extended.max_resource <= settings_.max) return;
    settings_.max = extended.max_resource;
    for (std::uint32_t number = 0; number < brackets_.size(); ++number) {
        auto& bracket = brackets_[number];
        bracket.extend(settings_.max);
        bracket.reopen(out);
        refresh(number);
    }
}

}  // namespace stemma
