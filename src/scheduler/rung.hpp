#pragma once
// One rung of asynchronous halving: who finished it, and who among them is in its best share now.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/ids.hpp"

namespace stemma {

/// Members finished in a rung with their objective (minimised); ties go to the older member. A non-finite objective
/// counts in the number finished and is never in the top.
///
/// The top is the best floor(finished / eta), kept as the rung fills: the best of the rest enter it, and a better newcomer
/// pushes its worst out. Binary heaps in flat vectors; candidates are deleted lazily. O(log n) amortised an insertion,
/// 25 to 75 bytes a finished member.
class Rung {
public:
    /// With `at_least_one` the top is never empty (the stopping rule's max(1, floor(n / eta))).
    explicit Rung(std::int64_t eta, bool at_least_one = false) : eta_(static_cast<std::uint64_t>(eta)), at_least_one_(at_least_one) {}

    /// The member finished here. Appends the members that entered the top through it (perhaps itself) to `entered`.
    void finish(MemberId member, double objective, std::vector<MemberId>& entered);
    /// The best member of the top that was not taken yet, taken now.
    std::optional<MemberId> take_best();
    /// True if take_best() would return a member.
    bool has_candidate();

    std::uint64_t finished() const { return finished_; }
    std::uint64_t taken() const { return taken_; }
    std::size_t memory_bytes() const;

private:
    struct Item {
        double objective;
        MemberId member;
        std::uint64_t index;  ///< into marks_
        friend auto operator<=>(const Item&, const Item&) = default;
    };
    enum Mark : std::uint8_t { in_top = 1, was_taken = 2 };

    void move_best_of_rest_to_top(std::vector<MemberId>& entered);
    void push_worst_of_top_out();

    std::uint64_t eta_;
    bool at_least_one_;
    std::uint64_t finished_ = 0;
    std::uint64_t taken_ = 0;
    std::vector<std::uint8_t> marks_;   ///< one a finite finisher, in order of finishing
    std::vector<Item> rest_;            ///< heap, best first
    std::vector<Item> top_;             ///< heap, worst first
    std::vector<Item> candidates_;      ///< heap, best first; stale ones are skipped
};

}  // namespace stemma
