#pragma once
// Members from scratch that several searches share.

#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "scheduler/gpbt_search.hpp"

namespace stemma {

/// Each founder trains to each of `ends` in turn and reports there. Each of these stretches is a member of its own, a
/// leg, so that the weights at each end stay. It goes on with the founder's hyperparameters.
class Founders {
public:
    struct Leg {
        std::uint32_t founder = 0;
        std::uint32_t end = 0;  ///< index in `ends`
        friend bool operator==(const Leg&, const Leg&) = default;
    };

    /// `ends` ascend.
    Founders(std::vector<Resource> ends, std::uint32_t count) : ends_(std::move(ends)), founders_(count) {}

    /// The leg that would be launched next, with the lowest end. Of equals, one whose weights need not move comes
    /// first.
    std::optional<Leg> next(const Placement* placement) const;
    Resource end_of(const Leg& leg) const { return ends_[leg.end]; }
    action::Create create(const Leg& leg) const;
    void created(const Leg& leg, MemberId member);
    /// The leg before has to keep its weights no longer. None if there is none.
    MemberId before(const Leg& leg) const { return leg.end == 0 ? MemberId::none() : member_before(leg); }
    void reported(const Leg& leg, double objective);
    /// The founder goes no further than its reports.
    void lost(const Leg& leg);
    /// True if the weights of this leg, which has reported, are where the founder goes on.
    bool goes_on_from(const Leg& leg) const;

    /// True if no founder will still report at this end.
    bool complete(std::size_t end) const;
    /// What was reported there, by members that have not been dropped since, in order of the founders. Finite ones.
    std::vector<GpbtCandidate> candidates(std::size_t end) const;
    void drop(const Leg& leg) { founders_[leg.founder].legs[leg.end].objective = never; }
    /// Legs to this end that were launched, and those that have reported.
    std::uint64_t begun(std::size_t end) const;
    std::uint64_t ended(std::size_t end) const;
    /// Training of all founders, with what is still to come.
    Resource planned() const;

private:
    static constexpr double never = std::numeric_limits<double>::infinity();

    struct Trained {
        MemberId member;
        double objective = never;
    };
    struct Founder {
        std::vector<Trained> legs = {};  ///< born
        std::size_t reports = 0;         ///< of its legs, those that will not report included
        std::size_t silent = 0;          ///< of these, legs that did not report
        bool lost = false;
        bool running() const { return reports < legs.size(); }
    };
    MemberId member_before(const Leg& leg) const { return founders_[leg.founder].legs[leg.end - 1].member; }
    bool may_go_on(const Founder& founder) const {
        return !founder.lost && !founder.running() && founder.legs.size() < ends_.size();
    }

    std::vector<Resource> ends_;
    std::vector<Founder> founders_;
};

}  // namespace stemma
