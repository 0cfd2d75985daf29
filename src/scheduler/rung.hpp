#pragma once
// One rung of asynchronous halving: the members that finished it, and those in its best share now.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "core/ids.hpp"

namespace stemma {

/// A member that entered a rung's top.
struct Entrant {
    MemberId member;
    double objective = 0;
};

/// Members finished in a rung with their objective (minimized). Ties go to the older member. A non-finite objective
/// counts in the number finished and is never in the top.
///
/// The top is the best floor(finished / eta), kept as the rung fills: the best of the rest enter it, and a better
/// newcomer pushes its worst out. Binary heaps in flat vectors; candidates are deleted lazily. O(log n) amortized for
/// each insertion. 17 bytes for each finished member and 16 more for each that ever entered the top (up to twice that,
/// because vectors double).
class Rung {
public:
    /// With `at_least_one` the top is never empty (the stopping rule's max(1, floor(n / eta))).
    explicit Rung(std::int64_t eta, bool at_least_one = false)
        : eta_(static_cast<std::uint64_t>(eta)), at_least_one_(at_least_one) {}

    /// The member finished here. Appends to `entered` those not yet taken that entered the top through it, perhaps
    /// itself. At most 2^32 - 1 members (InternalError).
    void finish(MemberId member, double objective, std::vector<Entrant>& entered);
    /// Takes and returns the best member of the top that was not taken yet.
    std::optional<MemberId> take_best();
    /// True if take_best() would return a member. O(1).
    bool has_candidate() const { return !candidates_.empty(); }
    /// The member finished here and will not go on (the user stopped it). It stays counted and keeps its rank.
    void withdraw(MemberId member);

    std::uint64_t finished() const { return finished_; }
    /// Size of the top: floor(finished / eta), or 1.
    std::uint64_t top_size() const {
        const auto size = finished_ / eta_;
        return at_least_one_ && size == 0 ? 1 : size;
    }
    /// As good as the worst in the top.
    bool ties_with_top(double objective) const { return !top_.empty() && objective == top_.front().objective; }
    std::size_t memory_bytes() const;

private:
    /// 32-bit numbers: at 10^7 members the heaps' cache misses dominate the cost of an event.
    struct Item {
        double objective;
        std::uint32_t member;
        std::uint32_t index;  ///< into marks_
        friend bool operator<(const Item& a, const Item& b) {
            return a.objective != b.objective ? a.objective < b.objective : a.member < b.member;
        }
        friend bool operator>(const Item& a, const Item& b) { return b < a; }
    };
    enum Mark : std::uint8_t { in_top = 1, was_taken = 2 };

    void move_best_of_rest_to_top(std::vector<Entrant>& entered);
    void move_worst_of_top_to_rest();
    /// Keeps the front of candidates_ valid.
    void prune();

    std::uint64_t eta_;
    bool at_least_one_;
    std::uint64_t finished_ = 0;
    std::vector<std::uint8_t> marks_;  ///< one for each finite finisher, in order of finishing
    std::vector<Item> rest_;           ///< heap, best first
    std::vector<Item> top_;            ///< heap, worst first
    std::vector<Item> candidates_;     ///< heap, best first; the front is in the top and not taken, others may be stale
    std::set<std::uint32_t> withdrawn_;  ///< few
};

}  // namespace stemma
