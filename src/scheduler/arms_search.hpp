#pragma once
// The inside of make_gpbt_arms(): arms.cpp has events of members, arms_selection.cpp what follows from them,
// arms_report.cpp the tables.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/arm_budget.hpp"
#include "scheduler/arm_plan.hpp"
#include "scheduler/founders.hpp"
#include "scheduler/gpbt_search.hpp"
#include "scheduler/referee.hpp"

namespace stemma {

class Arms : public Scheduler {
public:
    explicit Arms(const GpbtSettings& settings);

    void on(const Event& event, Actions& out) override {
        std::visit([&](const auto& item) { take(item, out); }, event);
    }
    std::vector<RungRow> rungs() const override;
    std::vector<ArmRow> arms() const override;
    bool exhausted() const override {
        return in_flight_ == 0 && (no_more_ || (!founders_->next(nullptr) && !next_arm()));
    }
    std::string describe() const override;
    std::size_t memory_bytes() const override;

private:
    static constexpr std::uint32_t none = ~std::uint32_t{0};
    static constexpr std::uint32_t attempts_max = 10;

    /// Of the whole search.
    struct Member {
        std::uint32_t attempt = 0;  ///< number of the start from scratch that it belongs to
        std::uint32_t arm = 0;
        std::uint32_t number = none;  ///< in its arm's search; of a founder's leg: none before the arm begins
        Founders::Leg leg = {none, 0};
        Resource from = 0;
        Resource to = 0;
        bool running = true;
        bool in_arm = false;  ///< its arm may still continue it
        bool is_leg() const { return leg.founder != none; }
    };
    struct Arm {
        GpbtBoundaries boundaries;
        std::optional<GpbtSearch> search = {};  ///< from its first boundary on
        std::vector<MemberId> members = {};     ///< by number in the search
        std::optional<ArmVerdict> verdict = {};
        std::uint32_t opened = 0;  ///< generations of the search that the budget knows of
        bool noted = false;        ///< the referee knows of its last close
        bool buried = false;       ///< the budget knows that it is dead

        bool open() const { return search && going() && !search->closed(); }
        bool going() const { return !verdict && (!search || !search->over()); }
        Resource closed_at() const { return search ? search->closed_at() : boundaries.end(0); }
    };

    // arms.cpp
    void begin();
    Resource total() const;
    void take(const event::WorkWanted& wanted, Actions& out);
    void take(const event::Created& created, Actions& out);
    void take(const event::NoMoreMembers&, Actions&) { no_more_ = true; }
    void take(const event::ParentLost& lost, Actions& out);
    void take(const event::TimePassed&, Actions&) {}
    void take(const event::Report& report, Actions& out);
    void take(const event::GivenUp& given_up, Actions& out);
    void take(const event::Extended& extended, Actions& out);
    void leg_reported(Member& member, const event::Report& report, Actions& out);
    /// It will not be continued any more.
    void lose_waiting(MemberId id, Actions& out);
    /// The arm whose next training ends first; of equals, the coarsest.
    std::optional<std::size_t> next_arm() const;
    /// Hands an event, with the arm's numbers of members, to its search, and hands on the answer.
    void tell(std::size_t arm, const Event& event, Actions& out);
    void hand_on(std::size_t arm, const Actions& answer, Actions& out);
    /// Says that the weights of a member may go, unless its arm or its founder still needs them.
    void release(MemberId id, Actions& out);

    // arms_selection.cpp
    /// After each event: arms begin, close, are stopped, and open generations.
    void settle(Actions& out);
    void begin_arm(std::size_t number, Actions& out);
    void note(std::size_t number);
    bool judge(Actions& out);
    void top_up();
    std::vector<ArmBudget::Going> going() const;
    void start_again_if_lost();

    GpbtSettings settings_;  ///< with the max of the start, which the lengths of generations come from
    ArmPlan plan_;
    Resource max_;
    ArmBudget budget_;
    std::optional<Founders> founders_;
    std::vector<Arm> arms_;  ///< finest first
    std::optional<Referee> referee_;
    std::vector<Member> members_;
    std::vector<RungRow> earlier_;  ///< rows of earlier attempts
    Member asked_;                  ///< the member asked for
    std::uint64_t in_flight_ = 0;
    std::uint32_t attempt_ = 0;  ///< starts from scratch, after the first one
    std::uint32_t attempts_left_ = attempts_max;
    bool no_more_ = false;
};

}  // namespace stemma
