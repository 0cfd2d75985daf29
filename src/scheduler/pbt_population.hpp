#pragma once
// The slots of a PBT population, their ranking, and the two questions to it: does a member give up, and which is its
// donor.

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
    yielding,  ///< queued: its member goes on only if no better donor is left at its turn
    running,   ///< its member trains
    finished,  ///< its member has reached max
    closed,    ///< no birth here, unless the search is extended
};

/// How a slot goes on at its turn.
enum class PbtNext : std::uint8_t {
    regular,       ///< waiting: its member trains on; vacant: a child of a donor
    continuation,  ///< waiting: a child of its member, which stays as it is
    backtrack,     ///< vacant: a child of its lineage's best ancestor
};

struct PbtSlot {
    MemberId member;  ///< the last member; none before the first
    Resource reached = 0;
    double objective = std::numeric_limits<double>::infinity();  ///< of its last report, until the next one
    std::uint32_t generation = 0;                                ///< of its member
    std::uint32_t group = 0;                                     ///< sub-population
    std::uint32_t deaths = 0;                                    ///< of members, since the last finite report
    std::uint32_t draws = 0;                                     ///< made for its member
    std::optional<std::uint32_t> opponent;                       ///< slot that it lost a tournament against
    PbtState state = PbtState::vacant;
    PbtNext next = PbtNext::regular;
    MemberId source;  ///< the member that made the last report, and has its snapshot
    MemberId best;    ///< of its lineage, kept to go back to (backtracking only)
    double best_objective = std::numeric_limits<double>::infinity();
    Resource best_reached = 0;
    std::uint32_t worse = 0;     ///< reports since best
    std::uint32_t returns = 0;   ///< to this best
    bool ranked = false;         ///< has reported, and neither died nor finished
    bool usable = false;         ///< ranked, and the snapshot of that report is available
    bool donor = false;          ///< usable, and its member has not given up
    bool migrates = false;       ///< its member gives up for one of another sub-population (lower_half only)
    bool taken = false;          ///< a migrant came from it since its last report
    double to_come = 0;          ///< reports of its member and that member's heirs until max
    std::deque<double> reports;  ///< of its lineage, the last ones (t_test only)
};

class PbtPopulation {
public:
    explicit PbtPopulation(const PbtSettings& settings);

    PbtSlot& operator[](std::uint32_t slot) { return slots_[slot]; }
    const PbtSlot& operator[](std::uint32_t slot) const { return slots_[slot]; }
    std::uint32_t size() const { return static_cast<std::uint32_t>(slots_.size()); }

    /// A new member in this slot, from scratch or from the donor's present state.
    void settle(std::uint32_t slot, MemberId member, std::optional<std::uint32_t> donor);
    /// Its member is kept, and `child` replaces it; go_back(): `child` of the lineage's best replaces it.
    void go_on(std::uint32_t slot, MemberId child);
    void go_back(std::uint32_t slot, MemberId child);
    void rank(std::uint32_t slot, double objective);
    /// Its member gives up. The slot keeps its rank until a child reports. Otherwise removing the worst member would
    /// make the next one worst, and members would give up in a chain.
    void retire(std::uint32_t slot) { slots_[slot].donor = false; }
    /// Its member does not give up, after all.
    void restore(std::uint32_t slot) {
        slots_[slot].donor = slots_[slot].usable;
        slots_[slot].migrates = false;
    }
    /// The snapshot of its last report is no longer available.
    void lose_snapshot(std::uint32_t slot) { slots_[slot].usable = slots_[slot].donor = false; }
    void unrank(std::uint32_t slot);
    /// Its member is dead: any other is better.
    void bury(std::uint32_t slot);

    /// The slot's member, which has just reported, becomes its lineage's best. Returns the former best if no lineage
    /// goes back to it any more.
    MemberId set_best(std::uint32_t slot);
    MemberId drop_best(std::uint32_t slot);
    /// No lineage can go back to this member any more.
    void forget_best(MemberId member);

    /// `slot` has just reported and is ranked. Never true for the best living member.
    bool gives_up(std::uint32_t slot);
    /// A living member that is better than the last report of `slot`, which is no donor itself. Nothing if there is
    /// none.
    std::optional<std::uint32_t> draw_donor(std::uint32_t slot);
    /// The best of the members that give up and whose snapshot is available.
    std::optional<std::uint32_t> best_yielding() const;
    /// The member whose hyperparameters a child of `donor` in `slot` gets unchanged. None: it explores.
    MemberId values_from(std::uint32_t slot, std::uint32_t donor) const;
    /// `child` of `donor` is born in `slot`.
    void note_migration(std::uint32_t slot, std::uint32_t donor) {
        if (slots_[slot].migrates) slots_[donor].taken = true;
    }
    std::size_t memory_bytes() const;

    // Updates the planned number of reports after a change of the slot's state. In doubles, which hold any settings.
    void plan(std::uint32_t slot);
    void count_report() { ++reports_; }
    /// Whether the slot may go on from `reached`: it needs no more reports than before, or the total stays within
    /// `times` the number if every slot trained straight to max.
    bool affords(std::uint32_t slot, Resource reached, double times) const;
    /// A larger search may make as many extra reports as if it began now. All slots are planned anew.
    void begin_count(Resource max);

private:
    double reports_from(std::uint32_t slot, Resource reached) const;
    double planned(std::uint32_t slot) const;
    std::optional<std::uint32_t> opponent_of(std::uint32_t slot);
    /// A member of the top of the ranking, else the best in it.
    std::optional<std::uint32_t> draw_top(const Ranking& ranking, double uniform, std::uint32_t slot) const;
    /// The first donor among `count` ranks, from rank `first` on, cyclic; not `except`.
    std::optional<std::uint32_t> donor_from(const Ranking& ranking, std::size_t first, std::size_t count,
                                            std::uint32_t except) const;
    bool better(std::optional<std::uint32_t> donor, std::uint32_t slot) const {
        return donor && slots_[*donor].objective < slots_[slot].objective;
    }
    std::optional<std::uint32_t> draw_migrant(std::uint32_t slot, double which, double donor) const;
    /// The best donor of all other sub-populations that was not taken yet, if it is better.
    std::optional<std::uint32_t> best_migrant(std::uint32_t slot) const;

    PbtSettings settings_;
    std::vector<PbtSlot> slots_;
    std::vector<Ranking> rankings_;            ///< by sub-population
    std::map<MemberId, std::uint32_t> bests_;  ///< slots that may go back to this member
    double wanted_ = 0;                        ///< reports, if every slot trained straight to max
    double reports_ = 0;                       ///< so far
    double to_come_ = 0;                       ///< sum over the slots
};

std::string description_of(const PbtSettings& settings);

}  // namespace stemma
