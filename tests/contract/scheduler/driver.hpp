#pragma once
// Runs any scheduler over artificial members in a random order of events, and checks each answer against the contract.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "core/rng.hpp"
#include "scheduler/scheduler.hpp"

namespace stemma::test {

struct DriverSettings {
    std::uint64_t seed = 0;
    std::uint64_t members = 60;  ///< configurations granted (repeats are not counted)
    std::size_t workers = 5;
    double non_finite = 0;          ///< probability that a report is non-finite
    double failing = 0;             ///< probability that a training is given up
    double stopped = 0;             ///< probability, at each step, that the user gives up a waiting member
    std::uint64_t objectives = 30;  ///< different objectives, few of them make ties
    double lost = 0;                ///< probability that the snapshot of a child's parent is lost
};

/// Receives every event with the scheduler's answer, before the driver's next event.
class Listener {
public:
    virtual ~Listener() = default;
    virtual void happened(const Event& event, const Actions& actions) = 0;
};

class Driver {
public:
    Driver(Scheduler& scheduler, DriverSettings settings, Listener* listener = nullptr)
        : scheduler_(scheduler), settings_(settings), listener_(listener), random_(settings.seed, Purpose::test, 1) {}

    /// Runs until nothing is in training and the scheduler has no work. False (and a test failure) if that takes too
    /// long.
    bool run(std::uint64_t steps_max = 100'000) {
        for (std::uint64_t step = 0; step < steps_max; ++step) {
            if (testing::Test::HasFailure()) return false;
            if (running_.empty() && !work_wanted()) return true;
            this->step();
        }
        ADD_FAILURE() << "the search goes on and on";
        return false;
    }

    void step() {
        now_ += 1;
        if (scheduler_.next_deadline() <= now_) {
            say(event::TimePassed{now_});
            EXPECT_GT(scheduler_.next_deadline(), now_) << "a deadline that has come is over";
        }
        if (random_.uniform() < settings_.stopped) stop_some_member();
        if (running_.size() < settings_.workers && random_.uniform() < 0.7) {
            work_wanted();
        } else if (!running_.empty()) {
            end_some_training();
        }
    }

    /// True if that led to a training.
    bool work_wanted() {
        auto actions = say(event::WorkWanted{now_});
        std::size_t pieces = 0;
        for (const auto& action : actions) {
            if (const auto* train = std::get_if<action::Train>(&action)) {
                ++pieces;
                begin(train->member, train->to);
            } else if (const auto* create = std::get_if<action::Create>(&action)) {
                ++pieces;
                if (!answer(*create)) return work_wanted();
            }
        }
        EXPECT_LE(pieces, 1U) << "one piece of work for a free worker";
        return pieces > 0;
    }

    void end_some_training() {
        const auto at = random_.below(running_.size());
        const auto member = running_[at];
        running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(at));
        auto& state = members_[member.value];
        state.running = false;
        if (random_.uniform() < settings_.failing) {
            state.out = true;
            say(event::GivenUp{member});
            return;
        }
        state.reached = state.target;
        state.reported = true;
        state.lost = false;
        const double value = objective(member, state.reached);
        if (!std::isfinite(value)) state.out = true;
        said_of_.clear();
        say(event::Report{member, state.reached, value});
        EXPECT_TRUE(said_of_.contains(member.value)) << "keep or release, but say it";
    }

    void stop_some_member() {
        if (members_.empty()) return;
        const MemberId member{random_.below(members_.size())};
        auto& state = members_[member.value];
        if (state.running || state.out) return;
        state.out = true;
        say(event::GivenUp{member});
    }

    void extend(Resource max, std::uint64_t members) {
        settings_.members = members;
        say(event::Extended{max});
    }

    double objective(MemberId member, Resource resource) const {
        Stream draw(settings_.seed, Purpose::test, member.value + 2, static_cast<std::uint64_t>(resource));
        if (draw.uniform() < settings_.non_finite) return std::numeric_limits<double>::infinity();
        return static_cast<double>(draw.below(settings_.objectives)) - static_cast<double>(settings_.objectives) / 2;
    }

    std::uint64_t created() const { return members_.size(); }
    std::uint64_t configurations() const { return configurations_; }
    /// Births from a parent's weights with a configuration that existed already.
    std::uint64_t same_as_another() const { return same_as_another_; }
    Resource furthest() const { return furthest_; }
    /// All events and answers, for comparisons.
    std::string transcript() const { return transcript_.str(); }

private:
    struct State {
        Resource target = 0;
        Resource reached = 0;
        bool reported = false;
        bool lost = false;  ///< its snapshot
        bool running = false;
        bool out = false;  ///< given up, released or non-finite: never trained again
    };

    bool answer(const action::Create& create) {
        if (create.parent.exists() && !answer_heir(create)) return false;
        if (create.same_as.exists()) {
            if (create.parent.exists()) ++same_as_another_;
            EXPECT_LT(create.same_as.value, members_.size()) << "a repeat repeats a member that was born";
        } else if (configurations_ == settings_.members) {
            EXPECT_FALSE(refused_) << "no Create after NoMoreMembers";
            refused_ = true;
            say(event::NoMoreMembers{});
            return false;
        } else {
            ++configurations_;
        }
        const MemberId member{members_.size()};
        members_.emplace_back();
        if (create.parent.exists()) members_.back().reached = members_[create.parent.value].reached;
        say(event::Created{member});
        begin(member, create.to);
        return true;
    }

    /// Checks a birth from a parent. False if the parent's snapshot was lost.
    bool answer_heir(const action::Create& create) {
        EXPECT_LT(create.parent.value, members_.size()) << "a parent was born";
        auto& parent = members_[create.parent.value];
        EXPECT_TRUE(parent.reported && !parent.out) << "a parent has reported and was not released or given up";
        EXPECT_GT(create.to, parent.reached) << "a child is trained forwards";
        EXPECT_FALSE(parent.lost) << "no more children of a parent whose snapshot is lost";
        EXPECT_TRUE(inherits_weights(create.cause));
        if (random_.uniform() >= settings_.lost) return true;
        parent.lost = true;
        say(event::ParentLost{create.parent});
        return false;
    }

    void begin(MemberId member, Resource to) {
        ASSERT_LT(member.value, members_.size()) << "only members that were born are trained";
        auto& state = members_[member.value];
        EXPECT_FALSE(state.running) << "one piece of work at a time for member " << member.value;
        EXPECT_FALSE(state.out) << "member " << member.value << " is not trained after it was released or given up";
        EXPECT_GT(to, state.reached) << "forwards only";
        state.running = true;
        state.target = to;
        furthest_ = std::max(furthest_, to);
        running_.push_back(member);
    }

    Actions say(const Event& event) {
        if (std::holds_alternative<event::Extended>(event)) refused_ = false;
        Actions actions;
        scheduler_.on(event, actions);
        transcript_ << 'e' << event.index();
        for (const auto& action : actions) note(action, std::holds_alternative<event::WorkWanted>(event));
        transcript_ << '\n';
        if (listener_ != nullptr) listener_->happened(event, actions);
        return actions;
    }

    void note(const Action& action, bool asked) {
        if (const auto* create = std::get_if<action::Create>(&action)) {
            EXPECT_TRUE(asked) << "work answers WorkWanted only";
            transcript_ << " create " << create->to << " of " << create->parent.value << " as "
                        << create->same_as.value;
        } else if (const auto* train = std::get_if<action::Train>(&action)) {
            EXPECT_TRUE(asked) << "work answers WorkWanted only";
            transcript_ << " train " << train->member.value << ' ' << train->to;
        } else if (const auto* keep = std::get_if<action::Keep>(&action)) {
            EXPECT_TRUE(std::isfinite(keep->priority));
            said_of_.insert(keep->member.value);
            transcript_ << " keep " << keep->member.value << ' ' << keep->priority
                        << (keep->promotable ? " promotable" : "");
        } else if (const auto* release = std::get_if<action::Release>(&action)) {
            ASSERT_LT(release->member.value, members_.size());
            said_of_.insert(release->member.value);
            members_[release->member.value].out = true;
            transcript_ << " release " << release->member.value;
        } else if (const auto* select = std::get_if<action::Select>(&action)) {
            ASSERT_LT(select->member.value, members_.size());
            EXPECT_FALSE(members_[select->member.value].out) << "a parent was not released";
            transcript_ << " select " << select->member.value << ' ' << select->generation;
        }
    }

    Scheduler& scheduler_;
    DriverSettings settings_;
    Listener* listener_;
    Stream random_;
    std::vector<State> members_;
    std::vector<MemberId> running_;
    std::set<std::uint64_t> said_of_;  ///< in the last answer: kept or released
    std::uint64_t configurations_ = 0;
    std::uint64_t same_as_another_ = 0;
    double now_ = 0;
    Resource furthest_ = 0;
    bool refused_ = false;
    std::ostringstream transcript_;
};

}  // namespace stemma::test
