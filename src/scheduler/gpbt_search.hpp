#pragma once
// One search by generations, as GPBT has it. Its owner says how many children a generation has.

#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "scheduler/gpbt.hpp"
#include "scheduler/gpbt_boundaries.hpp"
#include "scheduler/gpbt_generation.hpp"

namespace stemma {

/// Best first. Of equals, the one that has trained most comes first: otherwise no member would train on where metrics
/// do not differ. Of these, the older comes first.
struct GpbtCandidate {
    double objective = 0;
    Resource reached = 0;
    MemberId member;
    friend bool operator<(const GpbtCandidate& a, const GpbtCandidate& b) {
        return std::tuple(a.objective, b.reached, a.member) < std::tuple(b.objective, a.reached, b.member);
    }
};

/// The rules are those of make_gpbt(). Members are numbered in the order of their birth in this search. `closed()`
/// means that a generation has its candidates. The owner then opens the next one, at once or later.
class GpbtSearch {
public:
    /// Waits for begin_from_scratch() or begin_with().
    GpbtSearch(const GpbtSettings& settings, GpbtBoundaries boundaries);

    void begin_from_scratch(std::uint32_t members);
    /// Generation 0 trained elsewhere: members 0, 1, ... of this search have these results, finite ones. Such a search
    /// never starts from scratch: it is dead where another one would.
    void begin_with(const std::vector<GpbtCandidate>& founders, Actions& out);

    void on(const Event& event, Actions& out) {
        std::visit([&](const auto& item) { take(item, out); }, event);
    }

    /// True if the next generation may be opened.
    bool closed() const { return closed_; }
    /// The generation that is open, or would be opened next.
    std::uint32_t number() const { return number_; }
    /// Where the last generation that was closed ended; 0 before.
    Resource closed_at() const { return number_ == 0 ? 0 : boundaries_.end(number_ - 1); }
    /// The best candidate of the last closed generation. It must be closed().
    const GpbtCandidate& best() const { return *pool_.begin(); }
    /// Chooses the parents for so many children (>= 1). It must be closed().
    void open_next(std::uint32_t children, Actions& out);
    /// More children of the best parent in the open generation.
    void add_children(std::uint32_t more);
    /// False if all parents were lost: then the children that run become parents.
    bool has_parents() const { return !generation_.parents.empty(); }
    /// Where the training would end that it asks for next. Nothing if it asks for none now.
    std::optional<Resource> next_end() const;
    /// Generations opened, those repeated without a finite child included.
    std::uint32_t opened() const { return opened_; }
    /// Nothing will come of it any more: its snapshots go. Running members are the owner's from now on.
    void stop(Actions& out);
    /// Lost: it has no member to go on with. Dead: lost, or too many generations in a row gave nothing finite.
    bool lost() const { return dead_; }
    bool dead() const { return dead_ || barren_ >= barren_most(); }
    bool over() const { return dead() || number_ >= generations_; }

    std::vector<RungRow> rungs() const;
    std::uint32_t generations() const { return generations_; }
    const GpbtBoundaries& boundaries() const { return boundaries_; }
    std::uint64_t in_flight() const { return in_flight_; }
    double next_deadline() const { return overdue_ ? never : std::min(deadline_, end_of_patience_); }
    bool exhausted() const;
    std::size_t memory_bytes() const {
        return individuals_.capacity() * sizeof(Individual) + rows_.capacity() * sizeof(RungRow);
    }

private:
    static constexpr std::uint32_t barren_max = 10;
    /// Without a start from scratch: the owner plans the work of each generation, and not that of its repetitions.
    static constexpr std::uint32_t barren_max_planned = 2;
    /// Generations of children that have not learned, of a parent that has.
    static constexpr std::uint32_t barren_from_luck = 2;
    static constexpr double never = std::numeric_limits<double>::infinity();

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

    // Launching.
    void open();
    void plan_children();
    void take(const event::WorkWanted& wanted, Actions& out);
    void take(const event::Created& created, Actions& out);
    void take(const event::NoMoreMembers&, Actions&) { no_more_ = true; }
    void take(const event::ParentLost& lost, Actions& out);
    void forget(MemberId member);
    void lose_parent(MemberId parent, Actions& out);

    // Results.
    void take(const event::Report& report, Actions& out);
    void end_training(Individual& individual);
    void enter(const GpbtCandidate& candidate, Actions& out);
    void stop_early(double objective);
    void take(const event::GivenUp& given_up, Actions& out);
    void wait_no_longer_than_patience();
    void take(const event::TimePassed& passed, Actions& out);

    // Selection.
    void close_if_due(Actions& out);
    void close(Actions& out);
    /// Members from scratch go on until enough of them have learned.
    bool more_founders();
    /// Members from scratch that the search may still have. Those after a start anew count.
    std::uint32_t founders_left() const;
    std::uint32_t barren_most() const { return from_scratch_ ? barren_max : barren_max_planned; }
    void repeat(Actions& out);
    void start_anew();
    void take(const event::Extended& extended, Actions& out);

    GpbtSettings settings_;
    GpbtBoundaries boundaries_;
    std::uint32_t generations_;   ///< t_max
    std::uint32_t children_ = 0;  ///< n of the open generation
    std::size_t kept_ = 1;        ///< candidates that are kept for the next selection
    std::vector<Individual> individuals_;
    std::vector<RungRow> rows_;  ///< by generation
    GpbtGeneration generation_;
    std::set<GpbtCandidate> pool_;  ///< of the next selection: the best, and parents that compete
    std::uint32_t number_ = 0;      ///< of the generation
    std::uint32_t opened_ = 0;      ///< generations begun, repeated ones counted
    std::uint32_t launched_ = 0;    ///< children of this generation
    std::uint32_t reported_ = 0;    ///< reports of these children, non-finite ones included
    std::uint32_t given_up_ = 0;    ///< of these
    std::uint32_t founders_learned_ = 0;
    bool unlearned_ = false;  ///< one of this generation has a metric, and has not learned
    bool parents_learned_ = false;
    std::uint32_t founders_ = 0;  ///< born from scratch in the whole search
    double best_child_ = never;   ///< of all children that have reported since the generation began
    double best_before_ = never;  ///< of the candidates at the last selection
    double improvement_ = never;  ///< of best_before_ over the value before it
    std::uint32_t barren_ = 0;    ///< generations without a finite child, in a row
    double spent_ = 0;            ///< seconds between birth and report of the children that have reported
    double deadline_ = never;
    double end_of_patience_ = never;
    bool overdue_ = false;       ///< the deadline or the end of patience has come without a candidate
    bool starved_ = false;       ///< a worker asked while nothing was left to launch
    bool closed_ = false;        ///< the next generation is to be opened
    bool from_scratch_ = false;  ///< may begin again from scratch
    bool dead_ = false;
    std::size_t asked_ = 0;  ///< parent of the child asked for
    double asked_at_ = 0;
    std::uint64_t in_flight_ = 0;
    bool no_more_ = false;
};

}  // namespace stemma
