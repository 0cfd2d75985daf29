#pragma once
// The slots of a PBT population, their ranking, and the two questions asked of it: does this one give up, and who is
// its donor.

#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/pbt.hpp"
#include "scheduler/ranking.hpp"

namespace stemma {

enum class PbtState : std::uint8_t {
    vacant,    ///< queued for the birth of a member
    waiting,   ///< queued: its member goes on
    yielding,  ///< queued: its member goes on only if nobody better is left to take over from when its turn comes
    running,   ///< its member trains
    finished,  ///< its member has reached max
    closed,    ///< nobody will be born here, unless the search is extended
};

/// How a slot goes on, when its turn comes.
enum class PbtNext : std::uint8_t {
    regular,       ///< waiting: its member trains on; vacant: a child of a donor
    continuation,  ///< waiting: a child of its member, which stays as it is
    backtrack,     ///< vacant: a child of its lineage's best ancestor
};

struct PbtSlot {
    MemberId member;  ///< the last one; none before the first
    Resource reached = 0;
    double objective = std::numeric_limits<double>::infinity();  ///< of its last report, until the next one
    std::uint32_t generation = 0;                                ///< of its member
    std::uint32_t group = 0;                                     ///< sub-population
    std::uint32_t deaths = 0;                                    ///< of members, since the last finite report
    std::uint32_t draws = 0;                                     ///< made for its member
    std::optional<std::uint32_t> opponent;                       ///< slot that it lost a tournament against
    PbtState state = PbtState::vacant;
    PbtNext next = PbtNext::regular;
    MemberId source;  ///< who made the last report, and has the snapshot of it
    MemberId best;    ///< of its lineage, kept to go back to (backtracking only)
    double best_objective = std::numeric_limits<double>::infinity();
    Resource best_reached = 0;
    std::uint32_t worse = 0;     ///< reports since then
    std::uint32_t returns = 0;   ///< to this best
    bool ranked = false;         ///< has reported, and neither died nor finished
    bool usable = false;         ///< ranked, and the snapshot of that report can be had
    bool donor = false;          ///< usable, and its member has not given up
    double to_come = 0;          ///< reports of its member and its heirs until max
    std::deque<double> reports;  ///< of its lineage, the last ones (t_test only)
};

class PbtPopulation {
public:
    explicit PbtPopulation(const PbtSettings& settings);

    PbtSlot& operator[](std::uint32_t slot) { return slots_[slot]; }
    const PbtSlot& operator[](std::uint32_t slot) const { return slots_[slot]; }
    std::uint32_t size() const { return static_cast<std::uint32_t>(slots_.size()); }

    /// A new member in this slot, from scratch or from the donor as it is now.
    void settle(std::uint32_t slot, MemberId member, std::optional<std::uint32_t> donor);
    /// Its member stays as it is, and `child` goes on in its place; or `child` of the lineage's best does.
    void go_on(std::uint32_t slot, MemberId child);
    void go_back(std::uint32_t slot, MemberId child);
    void rank(std::uint32_t slot, double objective);
    /// Its member gives up. The slot keeps its place in the ranking until a child reports: otherwise the next to last
    /// would be the last when its turn comes, and one after the other would give up.
    void retire(std::uint32_t slot) { slots_[slot].donor = false; }
    /// It does not, after all.
    void restore(std::uint32_t slot) { slots_[slot].donor = slots_[slot].usable; }
    /// The snapshot of its last report cannot be had any more.
    void lose_snapshot(std::uint32_t slot) { slots_[slot].usable = slots_[slot].donor = false; }
    void unrank(std::uint32_t slot);
    /// Its member is dead: anybody is better.
    void bury(std::uint32_t slot);

    /// The slot's member, which has just reported, becomes its lineage's best; whom nobody goes back to any more is
    /// returned.
    MemberId set_best(std::uint32_t slot);
    MemberId drop_best(std::uint32_t slot);
    /// Nobody can go back to this member any more.
    void forget_best(MemberId member);

    /// `slot` has just reported and is ranked. Never the best that lives.
    bool gives_up(std::uint32_t slot);
    /// Somebody who lives and is better than the last report of `slot`, which is no donor itself. Nothing if there is
    /// nobody.
    std::optional<std::uint32_t> draw_donor(std::uint32_t slot);
    /// The best of those who give up and whose snapshot can be had.
    std::optional<std::uint32_t> best_yielding() const;
    /// The donor belongs to a faster sub-population: its hyperparameters stay there.
    bool only_weights(std::uint32_t slot, std::uint32_t donor) const;
    std::size_t memory_bytes() const;

    // How many reports there will be: in doubles, which hold whatever settings there are.
    /// The slot's state has changed.
    void plan(std::uint32_t slot);
    void count_report() { ++reports_; }
    /// If the slot goes on from `reached`, it needs no more reports than it would anyway, or there are not more than
    /// `times` as many in all as if everyone trained straight to max.
    bool affords(std::uint32_t slot, Resource reached, double times) const;
    /// A larger search has room for as many extra reports as if it began now. All slots are planned anew.
    void begin_count(Resource max);

private:
    double reports_from(std::uint32_t slot, Resource reached) const;
    double planned(std::uint32_t slot) const;
    std::optional<std::uint32_t> opponent_of(std::uint32_t slot);
    /// One of the top of the ranking, or else the best in it.
    std::optional<std::uint32_t> draw_top(const Ranking& ranking, double uniform, std::uint32_t slot) const;
    /// The first donor among `count` ranks, from rank `first` on and around; not `except`.
    std::optional<std::uint32_t> donor_from(const Ranking& ranking, std::size_t first, std::size_t count,
                                            std::uint32_t except) const;
    bool better(std::optional<std::uint32_t> donor, std::uint32_t slot) const {
        return donor && slots_[*donor].objective < slots_[slot].objective;
    }
    std::optional<std::uint32_t> draw_migrant(std::uint32_t slot, double which, double donor) const;

    PbtSettings settings_;
    std::vector<PbtSlot> slots_;
    std::vector<Ranking> rankings_;            ///< by sub-population
    std::map<MemberId, std::uint32_t> bests_;  ///< slots that may go back to this member
    double wanted_ = 0;                        ///< reports, if everyone trained straight to max
    double reports_ = 0;                       ///< so far
    double to_come_ = 0;                       ///< sum over the slots
};

std::string description_of(const PbtSettings& settings);

}  // namespace stemma
