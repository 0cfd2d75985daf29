#include "scheduler/gpbt_search.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.hpp"
#include "scheduler/retention.hpp"

namespace stemma {

GpbtSearch::GpbtSearch(const GpbtSettings& settings, GpbtBoundaries boundaries)
    : settings_(settings),
      boundaries_(boundaries),
      generations_(static_cast<std::uint32_t>(boundaries.generations())),
      children_(settings.children),
      kept_(gpbt_parents(settings)) {
    rows_.resize(generations_);
}

std::vector<RungRow> GpbtSearch::rungs() const {
    std::vector<RungRow> rows = rows_;
    for (std::size_t g = 0; g < rows.size(); ++g) {
        rows[g].rung = static_cast<int>(g);
        rows[g].resource = boundaries_.end(g);
    }
    return rows;
}

bool GpbtSearch::exhausted() const {
    if (in_flight_ > 0 || closed_) return false;
    return no_more_ || over() || generation_.to_come() == 0;
}

std::optional<Resource> GpbtSearch::next_end() const {
    if (no_more_ || over() || closed_) return {};
    const auto index = generation_.next(settings_.sequential, nullptr);
    if (!index) return {};
    return boundaries_.after(generation_.parents[*index].reached);
}

// ---- launching -----------------------------------------------------------------------------------------------------

void GpbtSearch::begin_from_scratch(std::uint32_t members) {
    from_scratch_ = true;
    number_ = founders_learned_ = 0;
    parents_learned_ = false;
    generation_.clear();
    generation_.parents.push_back({.member = {}, .to_come = members});
    open();
}

void GpbtSearch::begin_with(const std::vector<GpbtCandidate>& founders, Actions& out) {
    for (const auto& founder : founders) {
        ensure(founder.member.value == individuals_.size(), "founders are the first members");
        individuals_.push_back({founder.reached, 0, {}, 0, 0, false});
        ++rows_[0].entered;
        ++rows_[0].finished;
    }
    for (const auto& founder : founders) enter(founder, out);
    if (founders.empty()) {
        dead_ = true;
    } else {
        best_child_ = pool_.begin()->objective;
        close(out);
    }
}

/// generation_.parents must be set.
void GpbtSearch::open() {
    ++opened_;
    launched_ = reported_ = given_up_ = 0;
    deadline_ = end_of_patience_ = never;
    overdue_ = starved_ = closed_ = unlearned_ = false;
    spent_ = 0;
    best_child_ = never;
}

void GpbtSearch::plan_children() {
    auto& parents = generation_.parents;
    const auto sizes = gpbt_family_sizes(children_, static_cast<std::uint32_t>(parents.size()));
    for (std::size_t i = 0; i < parents.size(); ++i) {
        parents[i].to_come = sizes[i];
        parents[i].running = 0;
        parents[i].repeat = settings_.repeat_child && !parents[i].kept;
    }
}

void GpbtSearch::add_children(std::uint32_t more) {
    children_ += more;
    kept_ = std::max<std::size_t>(kept_, gpbt_parents(settings_, children_));
    generation_.parents.front().to_come += more;
}

void GpbtSearch::take(const event::WorkWanted& wanted, Actions& out) {
    if (no_more_ || over() || closed_) return;
    const auto index = generation_.next(settings_.sequential, wanted.placement);
    if (!index) {
        starved_ = true;
        wait_no_longer_than_patience();
        return;
    }
    if (deadline_ == never && settings_.deadline > 0) deadline_ = wanted.now + settings_.deadline;
    const auto& parent = generation_.parents[*index];
    asked_ = *index;
    asked_at_ = wanted.now;
    action::Create create{.to = boundaries_.after(parent.reached), .generation = number_};
    if (parent.member.exists()) {
        create.parent = parent.member;
        create.cause = BirthCause::adoption;
        if (parent.repeat) create.same_as = parent.member;
    }
    out.push_back(create);
}

void GpbtSearch::take(const event::Created& created, Actions&) {
    ensure(created.member.value == individuals_.size(), "members are numbered in order of birth");
    const auto& parent = generation_.parents[asked_];
    individuals_.push_back({parent.reached, asked_at_, parent.member, number_, opened_});
    generation_.launched(asked_);
    ++launched_;
    founders_ += parent.member.exists() ? 0 : 1;
    ++in_flight_;
    ++rows_[number_].entered;
}

void GpbtSearch::take(const event::ParentLost& lost, Actions& out) {
    forget(lost.parent);
    out.push_back(action::Release{lost.parent});
    lose_parent(lost.parent, out);
}

void GpbtSearch::forget(MemberId member) {
    std::erase_if(pool_, [&](const auto& candidate) { return candidate.member == member; });
}

void GpbtSearch::lose_parent(MemberId parent, Actions& out) {
    if (generation_.remove(parent) || closed_) {
        close_if_due(out);
    } else if (!pool_.empty()) {
        close(out);
    } else if (in_flight_ == 0) {
        start_anew();
    }  // else the running child becomes a parent
}

// ---- results -------------------------------------------------------------------------------------------------------

void GpbtSearch::take(const event::Report& report, Actions& out) {
    auto& individual = individuals_[report.member.value];
    end_training(individual);
    individual.reached = report.resource;
    ++rows_[individual.generation].finished;
    const bool of_this = individual.opened == opened_;
    if (of_this) {
        ++reported_;
        spent_ += report.now - individual.begun;
        wait_no_longer_than_patience();
    }
    individual.learned = std::isfinite(report.objective) && (report.learned || !settings_.learned_parents);
    if (number_ == 0) founders_learned_ += individual.learned ? 1 : 0;
    unlearned_ = unlearned_ || (std::isfinite(report.objective) && !individual.learned);
    if (std::isfinite(report.objective) && (individual.learned || !parents_learned_)) {
        barren_ = 0;
        enter({report.objective, report.resource, report.member}, out);
        if (of_this) stop_early(report.objective);
        best_child_ = std::min(best_child_, report.objective);
    } else {
        out.push_back(action::Release{report.member});
    }
    close_if_due(out);
}

void GpbtSearch::end_training(Individual& individual) {
    ensure(std::exchange(individual.running, false), "a report comes from a member that was asked to train");
    --in_flight_;
    if (individual.opened != opened_) return;
    if (auto* parent = generation_.find(individual.parent)) --parent->running;
}

/// Only the best candidates can become parents. A member that falls out of them is never continued.
void GpbtSearch::enter(const GpbtCandidate& candidate, Actions& out) {
    const auto keep = [&] {
        out.push_back(action::Keep{candidate.member, retention_priority(0, candidate.objective), true});
    };
    pool_.insert(candidate);
    if (pool_.size() <= kept_) {
        keep();
        return;
    }
    const auto worst = *std::prev(pool_.end());
    pool_.erase(worst);
    if (worst.member != candidate.member) keep();
    // The parent is still needed for its next children, and is released when its generation closes.
    if (generation_.find(worst.member) == nullptr) out.push_back(action::Release{worst.member});
}

void GpbtSearch::stop_early(double objective) {
    if (!settings_.early_stopping || number_ < settings_.early_stopping_from) return;
    if (objective < best_before_ - improvement_) generation_.stop_launching();
}

void GpbtSearch::take(const event::GivenUp& given_up, Actions& out) {
    auto& individual = individuals_[given_up.member.value];
    if (individual.running) {
        end_training(individual);
        if (individual.opened == opened_) ++given_up_;
        close_if_due(out);
        return;
    }
    forget(given_up.member);
    if (closed_ || generation_.find(given_up.member) != nullptr) lose_parent(given_up.member, out);
}

/// All children have been launched, the last at asked_at_.
void GpbtSearch::wait_no_longer_than_patience() {
    if (settings_.patience <= 0 || !starved_ || generation_.to_come() > 0) return;
    if (reported_ == 0 || 2 * reported_ < launched_ - given_up_) return;
    end_of_patience_ = asked_at_ + settings_.patience * spent_ / reported_;
}

void GpbtSearch::take(const event::TimePassed& passed, Actions& out) {
    if (passed.now < next_deadline()) return;
    overdue_ = true;
    close_if_due(out);
}

// ---- selection -----------------------------------------------------------------------------------------------------

void GpbtSearch::close_if_due(Actions& out) {
    const bool orphaned = generation_.parents.empty();
    if (closed_) {
        dead_ = pool_.empty();  // the candidates that it waited with are gone
        return;
    }
    if (over() || (launched_ == 0 && !orphaned)) return;
    const auto to_come = generation_.to_come();
    const auto counting = launched_ + to_come - given_up_;
    const auto needed = static_cast<std::uint32_t>(std::ceil(settings_.quorum * counting - 1e-9));
    if (reported_ < needed && !overdue_ && !orphaned) return;
    if (more_founders()) return;
    if (std::isfinite(best_child_) && !pool_.empty()) {
        close(out);
    } else if (orphaned ? in_flight_ == 0 : to_come == 0 && launched_ == reported_ + given_up_) {
        repeat(out);  // no running child might still give a candidate
    }
}

void GpbtSearch::start_anew() {
    if (from_scratch_) {
        begin_from_scratch(gpbt_founders(settings_));
    } else {
        dead_ = true;
    }
}

bool GpbtSearch::more_founders() {
    if (!unlearned_ || number_ > 0 || generation_.parents.empty() || no_more_) return false;
    const auto enough = std::max(2U, gpbt_parents(settings_));
    if (founders_learned_ >= enough || founders_left() == 0) return false;
    generation_.parents.front().to_come = std::min(settings_.children, founders_left());
    starved_ = overdue_ = false;
    deadline_ = end_of_patience_ = never;  // they begin with the first of these members
    return true;
}

std::uint32_t GpbtSearch::founders_left() const {
    const auto most = gpbt_founders(settings_) + gpbt_more_founders(settings_);
    return most - std::min(most, founders_);
}

void GpbtSearch::repeat(Actions& out) {
    if (++barren_ >= barren_most()) return;
    // What looked like learning was luck where no child learns, not even one with the parent's hyperparameters.
    if (unlearned_ && parents_learned_ && barren_ >= barren_from_luck && founders_left() > 0) {
        for (const auto& parent : generation_.parents) {
            out.push_back(action::Release{parent.member});
            forget(parent.member);
        }
        begin_from_scratch(std::min(settings_.children, founders_left()));
        return;
    }
    if (number_ == 0 || generation_.parents.empty()) {
        start_anew();
        return;
    }
    plan_children();
    open();
}

void GpbtSearch::close(Actions& out) {
    for (const auto& parent : generation_.parents) {
        if (parent.member.exists() && !pool_.contains({parent.objective, parent.reached, parent.member}))
            out.push_back(action::Release{parent.member});
    }
    const double best = pool_.begin()->objective;
    improvement_ = number_ == 0 ? never : std::max(0.0, best_before_ - best);
    best_before_ = best;
    ++number_;
    closed_ = true;
}

void GpbtSearch::open_next(std::uint32_t children, Actions& out) {
    ensure(closed_ && children > 0, "a generation follows one that is closed");
    children_ = children;
    const std::size_t wanted = gpbt_parents(settings_, children);
    const auto has_learned = [&](const GpbtCandidate& one) { return individuals_[one.member.value].learned; };
    const bool any_learned = std::ranges::any_of(pool_, has_learned);
    std::size_t taken = 0;
    std::erase_if(pool_, [&](const GpbtCandidate& one) {
        const bool take = taken < wanted && (has_learned(one) || !any_learned);
        taken += take ? 1 : 0;
        if (!take) out.push_back(action::Release{one.member});
        return !take;
    });
    kept_ = std::max<std::size_t>(wanted, gpbt_parents(settings_));
    std::vector<GpbtParent> next;
    for (const auto& [objective, reached, member] : pool_) {
        const bool kept = generation_.find(member) != nullptr;
        next.push_back({member, reached, objective, kept});
    }
    generation_.clear();
    generation_.parents = std::move(next);
    for (const auto& parent : generation_.parents) {
        auto& individual = individuals_[parent.member.value];
        if (!std::exchange(individual.chosen, true)) ++rows_[individual.generation].promoted;
        parents_learned_ = parents_learned_ || individual.learned;
        out.push_back(action::Keep{parent.member, certain_to_go_on + retention_priority(0, parent.objective), true});
    }
    // Parents that do not compete stay out of the pool. Their snapshots stay, as parents.
    if (!settings_.parents_compete) pool_.clear();
    for (const auto& parent : generation_.parents) out.push_back(action::Select{parent.member, number_});
    plan_children();
    open();
}

void GpbtSearch::stop(Actions& out) {
    for (const auto& candidate : pool_) out.push_back(action::Release{candidate.member});
    for (const auto& parent : generation_.parents) {
        const bool kept = pool_.contains({parent.objective, parent.reached, parent.member});
        if (!closed_ && parent.member.exists() && !kept) out.push_back(action::Release{parent.member});
    }
    pool_.clear();
    generation_.clear();
    closed_ = false;
    dead_ = true;
}

void GpbtSearch::take(const event::Extended& extended, Actions& out) {
    no_more_ = false;
    boundaries_.raise_max(extended.max_resource);
    const auto wanted = std::min<std::uint64_t>(gpbt_generations_max, boundaries_.generations(extended.max_resource));
    if (wanted > generations_) {
        generations_ = static_cast<std::uint32_t>(wanted);
        rows_.resize(generations_);
    }
    if (barren_ >= barren_most() && !dead_) {
        barren_ = 0;
        repeat(out);
    }
}

}  // namespace stemma
