#include "scheduler/gpbt.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "core/error.hpp"
#include "scheduler/gpbt_generation.hpp"
#include "scheduler/retention.hpp"

namespace stemma {

namespace {

constexpr std::uint32_t barren_max = 10;
constexpr std::uint32_t barren_from_luck = 2;  ///< generations of children that have not learned, of a parent that has
constexpr std::uint32_t restarts_max = 10;
constexpr double never = std::numeric_limits<double>::infinity();

struct Individual {
    Resource reached = 0;
    double begun = 0;  ///< seconds of the run's time
    MemberId parent;
    std::uint32_t generation = 0;  ///< its row in the table
    std::uint32_t opened = 0;      ///< running number of the generation it was launched in, repeated ones counted
    bool running = true;
    bool chosen = false;   ///< as a parent, at least once
    bool learned = false;  ///< is better than a constant prediction
};

/// Best first. Of equals, the one that has trained most comes first: otherwise no member would train on where metrics
/// do not differ. Of these, the older comes first.
struct Candidate {
    double objective = 0;
    Resource reached = 0;
    MemberId member;
    friend bool operator<(const Candidate& a, const Candidate& b) {
        return std::tuple(a.objective, b.reached, a.member) < std::tuple(b.objective, a.reached, b.member);
    }
};

class Gpbt : public Scheduler {
public:
    explicit Gpbt(const GpbtSettings& settings) : settings_(settings), generations_(gpbt_generations(settings)) {
        rows_.resize(generations_);
        parents_wanted_ = gpbt_parents(settings_);
        begin_from_scratch(gpbt_founders(settings_));
    }

    void on(const Event& event, Actions& out) override {
        std::visit([&](const auto& item) { take(item, out); }, event);
    }
    std::vector<RungRow> rungs() const override {
        std::vector<RungRow> rows = rows_;
        for (std::size_t g = 0; g < rows.size(); ++g) {
            rows[g].rung = static_cast<int>(g);
            rows[g].resource = gpbt_trained_from(settings_, static_cast<Resource>(g) * settings_.interval);
        }
        return rows;
    }
    double next_deadline() const override { return overdue_ ? never : std::min(deadline_, end_of_patience_); }
    bool exhausted() const override {
        if (in_flight_ > 0) return false;
        return no_more_ || over() || generation_.to_come() == 0;
    }
    std::string describe() const override;
    std::size_t memory_bytes() const override {
        return individuals_.capacity() * sizeof(Individual) + rows_.capacity() * sizeof(RungRow);
    }

private:
    bool over() const { return number_ >= generations_ || barren_ >= barren_max; }

    // ---- launching -----------------------------------------------------------------------------------------------

    void begin_from_scratch(std::uint32_t members) {
        number_ = founders_learned_ = 0;
        parents_learned_ = false;
        generation_.clear();
        generation_.parents.push_back({.member = {}, .to_come = members});
        open();
    }

    /// generation_.parents must be set.
    void open() {
        ++opened_;
        launched_ = reported_ = given_up_ = 0;
        deadline_ = end_of_patience_ = never;
        overdue_ = starved_ = unlearned_ = false;
        spent_ = 0;
        best_child_ = never;
    }

    void take(const event::WorkWanted& wanted, Actions& out) {
        if (no_more_ || over()) return;
        const auto index = generation_.next(settings_.sequential, wanted.placement);
        if (!index) {
            starved_ = true;
            wait_no_longer_than_patience();
            return;
        }
        if (launched_ == 0 && settings_.deadline > 0) deadline_ = wanted.now + settings_.deadline;
        const auto& parent = generation_.parents[*index];
        asked_ = *index;
        asked_at_ = wanted.now;
        action::Create create{.to = gpbt_trained_from(settings_, parent.reached), .generation = number_};
        if (parent.member.exists()) {
            create.parent = parent.member;
            create.cause = BirthCause::adoption;
            if (parent.repeat) create.same_as = parent.member;
        }
        out.push_back(create);
    }

    void take(const event::Created& created, Actions&) {
        ensure(created.member.value == individuals_.size(), "members are numbered in order of birth");
        const auto& parent = generation_.parents[asked_];
        individuals_.push_back({parent.reached, asked_at_, parent.member, number_, opened_});
        generation_.launched(asked_);
        ++launched_;
        ++in_flight_;
        ++rows_[number_].entered;
    }

    void take(const event::NoMoreMembers&, Actions&) { no_more_ = true; }

    void take(const event::ParentLost& lost, Actions& out) {
        forget(lost.parent);
        out.push_back(action::Release{lost.parent});
        lose_parent(lost.parent, out);
    }

    void forget(MemberId member) {
        std::erase_if(pool_, [&](const auto& candidate) { return candidate.member == member; });
    }

    void lose_parent(MemberId parent, Actions& out) {
        if (generation_.remove(parent)) {
            close_if_due(out);
        } else if (!pool_.empty()) {
            close(out);
        } else if (in_flight_ == 0) {
            begin_from_scratch(gpbt_founders(settings_));
        }  // else the running child becomes a parent
    }

    // ---- results -------------------------------------------------------------------------------------------------

    void take(const event::Report& report, Actions& out) {
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
            enter(report, out);
            if (of_this) stop_early(report.objective);
            best_child_ = std::min(best_child_, report.objective);
        } else {
            out.push_back(action::Release{report.member});
        }
        close_if_due(out);
    }

    void end_training(Individual& individual) {
        ensure(std::exchange(individual.running, false), "a report comes from a member that was asked to train");
        --in_flight_;
        if (individual.opened != opened_) return;
        if (auto* parent = generation_.find(individual.parent)) --parent->running;
    }

    /// Only the P best candidates can become parents. A member that falls out of them is never continued.
    void enter(const event::Report& report, Actions& out) {
        pool_.insert({report.objective, report.resource, report.member});
        if (pool_.size() <= parents_wanted_) {
            keep(report.objective, report.member, out);
            return;
        }
        const auto worst = *std::prev(pool_.end());
        pool_.erase(worst);
        if (worst.member != report.member) keep(report.objective, report.member, out);
        // The parent is still needed for its next children, and is released when its generation closes.
        if (generation_.find(worst.member) == nullptr) out.push_back(action::Release{worst.member});
    }

    static void keep(double objective, MemberId member, Actions& out) {
        out.push_back(action::Keep{member, retention_priority(0, objective), true});
    }

    void stop_early(double objective) {
        if (!settings_.early_stopping || number_ < settings_.early_stopping_from) return;
        if (objective < best_before_ - improvement_) generation_.stop_launching();
    }

    void take(const event::GivenUp& given_up, Actions& out) {
        auto& individual = individuals_[given_up.member.value];
        if (individual.running) {
            end_training(individual);
            if (individual.opened == opened_) ++given_up_;
            close_if_due(out);
            return;
        }
        forget(given_up.member);
        if (generation_.find(given_up.member) != nullptr) lose_parent(given_up.member, out);
    }

    /// All children have been launched, the last at asked_at_.
    void wait_no_longer_than_patience() {
        if (settings_.patience <= 0 || !starved_ || generation_.to_come() > 0) return;
        if (reported_ == 0 || 2 * reported_ < launched_ - given_up_) return;
        end_of_patience_ = asked_at_ + settings_.patience * spent_ / reported_;
    }

    void take(const event::TimePassed& passed, Actions& out) {
        if (passed.now < next_deadline()) return;
        overdue_ = true;
        close_if_due(out);
    }

    // ---- selection -----------------------------------------------------------------------------------------------

    void close_if_due(Actions& out) {
        const bool orphaned = generation_.parents.empty();
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

    /// Members from scratch go on until enough of them have learned.
    bool more_founders() {
        if (!unlearned_ || number_ > 0 || generation_.parents.empty() || no_more_) return false;
        const auto enough = std::max(2U, parents_wanted_);
        const auto most = gpbt_founders(settings_) + gpbt_more_founders(settings_);
        if (founders_learned_ >= enough || launched_ >= most) return false;
        generation_.parents.front().to_come = std::min(settings_.children, most - launched_);
        starved_ = overdue_ = false;
        return true;
    }

    void repeat(Actions& out) {
        if (++barren_ >= barren_max) return;
        // What looked like learning was luck where no child learns, not even one with the parent's hyperparameters.
        const bool lucky = unlearned_ && parents_learned_ && barren_ >= barren_from_luck && restarts_ < restarts_max;
        if (lucky) {
            ++restarts_;
            for (const auto& parent : generation_.parents) out.push_back(action::Release{parent.member});
        }
        if (number_ == 0 || generation_.parents.empty() || lucky) {
            begin_from_scratch(lucky ? settings_.children : gpbt_founders(settings_));
            return;
        }
        plan_children();
        open();
    }

    void close(Actions& out) {
        std::vector<GpbtParent> next;
        for (const auto& [objective, reached, member] : pool_) {
            const bool kept = generation_.find(member) != nullptr;
            next.push_back({member, reached, objective, kept});
        }
        for (const auto& parent : generation_.parents) {
            if (parent.member.exists() && !pool_.contains({parent.objective, parent.reached, parent.member}))
                out.push_back(action::Release{parent.member});
        }
        const double best = pool_.begin()->objective;
        improvement_ = number_ == 0 ? never : std::max(0.0, best_before_ - best);
        best_before_ = best;
        generation_.clear();
        generation_.parents = std::move(next);
        for (const auto& parent : generation_.parents) {
            auto& individual = individuals_[parent.member.value];
            if (!std::exchange(individual.chosen, true)) ++rows_[individual.generation].promoted;
            parents_learned_ = parents_learned_ || individual.learned;
            out.push_back(
                action::Keep{parent.member, certain_to_go_on + retention_priority(0, parent.objective), true});
        }
        // Parents that do not compete stay out of the pool. Their snapshots stay, as parents.
        if (!settings_.parents_compete) pool_.clear();
        ++number_;
        for (const auto& parent : generation_.parents) out.push_back(action::Select{parent.member, number_});
        plan_children();
        open();
    }

    void plan_children() {
        auto& parents = generation_.parents;
        const auto sizes = gpbt_family_sizes(settings_.children, static_cast<std::uint32_t>(parents.size()));
        for (std::size_t i = 0; i < parents.size(); ++i) {
            parents[i].to_come = sizes[i];
            parents[i].running = 0;
            parents[i].repeat = settings_.repeat_child && !parents[i].kept;
        }
    }

    void take(const event::Extended& extended, Actions& out) {
        no_more_ = false;
        settings_.max = std::max(settings_.max, extended.max_resource);
        const auto wanted = std::min(gpbt_generations_max, (extended.max_resource - 1) / settings_.interval + 1);
        if (wanted > static_cast<Resource>(generations_)) {
            generations_ = static_cast<std::uint32_t>(wanted);
            rows_.resize(generations_);
        }
        if (barren_ >= barren_max) {
            barren_ = 0;
            repeat(out);
        }
    }

    GpbtSettings settings_;
    std::uint32_t generations_;         ///< t_max
    std::uint32_t parents_wanted_ = 1;  ///< P
    std::vector<Individual> individuals_;
    std::vector<RungRow> rows_;  ///< by generation
    GpbtGeneration generation_;
    std::set<Candidate> pool_;    ///< of the next selection: the P best, and parents that compete
    std::uint32_t number_ = 0;    ///< of the generation
    std::uint32_t opened_ = 0;    ///< generations begun, repeated ones counted
    std::uint32_t launched_ = 0;  ///< children of this generation
    std::uint32_t reported_ = 0;  ///< reports of these children, non-finite ones included
    std::uint32_t given_up_ = 0;  ///< of these
    std::uint32_t founders_learned_ = 0;
    bool unlearned_ = false;  ///< one of this generation has a metric, and has not learned
    bool parents_learned_ = false;
    std::uint32_t restarts_ = 0;
    double best_child_ = never;   ///< of all children that have reported since the generation began
    double best_before_ = never;  ///< of the candidates at the last selection
    double improvement_ = never;  ///< of best_before_ over the value before it
    std::uint32_t barren_ = 0;    ///< generations without a finite child, in a row
    double spent_ = 0;            ///< seconds between birth and report of the children that have reported
    double deadline_ = never;
    double end_of_patience_ = never;
    bool overdue_ = false;   ///< the deadline or the end of patience has come without a candidate
    bool starved_ = false;   ///< a worker asked while nothing was left to launch
    std::size_t asked_ = 0;  ///< parent of the child asked for
    double asked_at_ = 0;
    std::uint64_t in_flight_ = 0;
    bool no_more_ = false;
};

std::string Gpbt::describe() const {
    std::string text = "GPBT: " + std::to_string(settings_.children) + " children of " +
                       std::to_string(parents_wanted_) + (parents_wanted_ == 1 ? " parent, " : " parents, ") +
                       std::to_string(generations_) + " generations of " + std::to_string(settings_.interval);
    if (const auto founders = gpbt_founders(settings_); founders != settings_.children)
        text += ", " + std::to_string(founders) + " founders";
    if (settings_.sequential) text += ", one child after another";
    if (settings_.quorum < 1) text += ", quorum " + std::to_string(std::lround(settings_.quorum * 100)) + " %";
    if (settings_.early_stopping) text += ", early stopping";
    return text;
}

}  // namespace

Resource gpbt_trained_from(const GpbtSettings& settings, Resource from) {
    return std::min(from + settings.interval, std::max(settings.max, from + 1));
}

std::uint32_t gpbt_founders(const GpbtSettings& settings) {
    return static_cast<std::uint32_t>(std::lround(settings.founders * settings.children));
}

std::uint32_t gpbt_more_founders(const GpbtSettings& settings) {
    return static_cast<std::uint32_t>(std::uint64_t{settings.children} * gpbt_generations(settings) / 3);
}

std::uint32_t gpbt_generations(const GpbtSettings& settings) {
    return static_cast<std::uint32_t>((settings.max - 1) / settings.interval + 1);
}

std::uint32_t gpbt_parents(const GpbtSettings& settings) {
    // Exact squares must not be lost to rounding: n = 16, c = 4 is 2 parents.
    const double children = settings.children;
    const double parents = std::sqrt(children / settings.ratio.value_or(std::min(4.0, children))) + 1e-9;
    return std::clamp(static_cast<std::uint32_t>(parents), 1U, settings.children);
}

std::vector<std::uint32_t> gpbt_family_sizes(std::uint32_t children, std::uint32_t parents) {
    const auto others = parents - 1;
    auto each = (2 * children + parents) / (2 * parents);
    while (each > 1 && each * others + 1 > children) --each;
    std::vector<std::uint32_t> sizes(parents, each);
    sizes.front() = children > each * others ? children - each * others : 1;
    return sizes;
}

std::unique_ptr<Scheduler> make_gpbt(const GpbtSettings& settings) {
    require_good(settings);
    return std::make_unique<Gpbt>(settings);
}

}  // namespace stemma
