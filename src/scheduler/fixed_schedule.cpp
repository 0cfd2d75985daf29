#include "scheduler/fixed_schedule.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "core/error.hpp"
#include "options/make_key.hpp"
#include "scheduler/common_keys.hpp"
#include "scheduler/retention.hpp"

namespace stemma {

namespace {

constexpr std::uint32_t failures_allowed = 10;

void check(const FixedScheduleSettings& settings) {
    if (settings.ends.empty()) throw UserError("a schedule needs at least one stage; add a [[schedule]]");
    Resource before = 0;
    for (std::size_t i = 0; i < settings.ends.size(); ++i) {
        if (settings.ends[i] <= before) {
            throw UserError("schedule: stage " + std::to_string(i + 1) + " ends at " +
                            std::to_string(settings.ends[i]) + "; it must end after " + std::to_string(before) +
                            ", where it begins");
        }
        before = settings.ends[i];
    }
}

class FixedSchedule final : public Scheduler {
public:
    explicit FixedSchedule(FixedScheduleSettings settings) : ends_(std::move(settings.ends)), max_(ends_.back()) {
        for (std::size_t i = 0; i < ends_.size(); ++i) rows_.push_back({0, static_cast<int>(i), ends_[i], 0, 0, 0});
    }

    void on(const Event& event, Actions& out) override {
        if (std::holds_alternative<event::WorkWanted>(event)) {
            give_work(out);
        } else if (const auto* created = std::get_if<event::Created>(&event)) {
            if (stage_ > 0 && !std::exchange(promoted_, true)) ++rows_[stage_ - 1].promoted;
            ++rows_[stage_].entered;
            running_ = created->member;
        } else if (const auto* report = std::get_if<event::Report>(&event)) {
            take(*report, out);
        } else if (const auto* given_up = std::get_if<event::GivenUp>(&event)) {
            give_up(given_up->member);
        } else if (const auto* lost = std::get_if<event::ParentLost>(&event)) {
            if (lost->parent == last_) begin_again();
        } else if (std::holds_alternative<event::NoMoreMembers>(event)) {
            no_more_ = true;
        } else if (const auto* extended = std::get_if<event::Extended>(&event)) {
            max_ = std::max(max_, extended->max_resource);
            no_more_ = false;
            failures_ = 0;
        }
    }

    std::vector<RungRow> rungs() const override { return rows_; }
    bool exhausted() const override { return !running_.exists() && !next(); }
    std::string describe() const override {
        return "schedule of " + std::to_string(ends_.size()) + (ends_.size() == 1 ? " stage" : " stages") + " to " +
               std::to_string(max_);
    }

private:
    bool trained_through() const { return stage_ == ends_.size(); }

    /// The lineage's next work when nothing runs.
    std::optional<Action> next() const {
        if (trained_through()) {
            if (last_.exists() && reached_ < max_) return action::Train{last_, max_};
            return {};
        }
        if (no_more_ || failures_ >= failures_allowed) return {};
        return action::Create{.to = ends_[stage_],
                              .parent = last_,
                              .generation = static_cast<std::uint32_t>(stage_),
                              .cause = last_.exists() ? BirthCause::adoption : BirthCause::sampled};
    }

    void give_work(Actions& out) {
        if (running_.exists()) return;
        const auto action = next();
        if (!action) return;
        if (const auto* train = std::get_if<action::Train>(&*action)) running_ = train->member;
        out.push_back(*action);
    }

    void take(const event::Report& report, Actions& out) {
        ensure(report.member == running_, "a report comes from the member that was asked to train");
        running_ = {};
        if (!trained_through()) ++rows_[stage_].finished;
        if (!std::isfinite(report.objective)) {
            out.push_back(action::Release{report.member});
            fail(report.member);
            return;
        }
        if (!trained_through()) {
            ++stage_;
            if (last_.exists()) out.push_back(action::Release{last_});
        }
        last_ = report.member;
        reached_ = report.resource;
        promoted_ = false;
        out.push_back(action::Keep{report.member, certain_to_go_on, true});
    }

    void give_up(MemberId member) {
        if (member == running_) {
            running_ = {};
            fail(member);
        } else if (member == last_) {
            // While its child trains nothing is lost yet.
            if (running_.exists() || trained_through()) {
                last_ = {};
            } else {
                begin_again();
            }
        }
    }

    /// The member that trained is gone.
    void fail(MemberId member) {
        if (trained_through()) {
            last_ = {};
        } else if (stage_ > 0 && !last_.exists()) {
            begin_again();  // its parent was lost while it trained
        } else {
            ensure(member != last_, "a stage is trained by a new member");
            ++failures_;
        }
    }

    void begin_again() {
        last_ = {};
        stage_ = 0;
        reached_ = 0;
        ++failures_;
    }

    std::vector<Resource> ends_;
    Resource max_;
    std::vector<RungRow> rows_;
    std::size_t stage_ = 0;  ///< in training or next; ends_.size() = the schedule is finished
    MemberId last_;          ///< finished the stage before; none = from scratch
    MemberId running_;
    Resource reached_ = 0;   ///< of last_
    bool promoted_ = false;  ///< last_ has had a child
    std::uint32_t failures_ = 0;
    bool no_more_ = false;
};

}  // namespace

std::unique_ptr<Scheduler> make_fixed_schedule(FixedScheduleSettings settings) {
    check(settings);
    return std::make_unique<FixedSchedule>(std::move(settings));
}

std::vector<RungRow> expected_rungs(const FixedScheduleSettings& settings, std::uint64_t) {
    std::vector<RungRow> rows;
    for (std::size_t stage = 0; stage < settings.ends.size(); ++stage) {
        const std::uint64_t goes_on = stage + 1 < settings.ends.size() ? 1 : 0;
        rows.push_back({0, static_cast<int>(stage), settings.ends[stage], 1, 1, goes_on});
    }
    return rows;
}

SchedulerDescriptor fixed_schedule_descriptor() {
    using namespace make_key;
    using S = FixedScheduleSettings;
    return {
        .name = "schedule",
        .formerly = "replay",
        .summary = "trains one member by the [[schedule]] of hyperparameters that a search found",
        .example =
            "[scheduler]\ntype = \"schedule\"\n\n[[schedule]]\nto = 3\nlr = 0.01\n\n[[schedule]]\nto = 9\n"
            "lr = 0.002\n",
        .traits = {.lineages = true, .ends_by_itself = true},
        .defaults = S(),
        // For [trainer] (app/job/presets.hpp).
        .fields = {{default_is(
                       "as trainer.inherit_optimizer",
                       flag("inherit_optimizer",
                            "trainer.inherit_optimizer of the search, which may owe it to its preset; [trainer] "
                            "may still say otherwise."))},
                   {default_is("as trainer.horizon",
                               in_unit(scheduler_keys::unit,
                                       number("horizon", above(0),
                                              "trainer.horizon of the search, which may owe it to its max; [trainer] "
                                              "may still say otherwise.")))}},
        .make = [](const S& settings, std::uint64_t) { return make_fixed_schedule(settings); },
        .rungs = expected_rungs,
        .plan = [](const S& settings) { return SchedulerPlan{.members = settings.ends.size(), .whole = true}; },
        .take_stages = [](S& settings, std::vector<Resource> ends) { settings.ends = std::move(ends); },
    };
}

}  // namespace stemma
