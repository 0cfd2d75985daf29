#pragma once
// One rung of asynchronous halving with several objectives: Rung (rung.hpp) by the order over outcomes.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "core/ids.hpp"
#include "outcome/growing_order.hpp"

namespace stemma {

/// Members finished in a rung. The diverged count in the number finished, and are never in the top.
///
/// The top is the best floor(finished / eta) of the order over outcomes (order.hpp), those taken before included. A
/// member is a candidate if it is in the top, not taken yet, and fewer than floor(finished / eta) were taken. MO-ASHA
/// (Schmucker et al. 2021, arXiv 2106.12639) has no such cap. Each newcomer changes the order inside a front.
/// Without a cap the members that once were in the top are up to 1.7 times as many as its places.
///
/// The order is computed where a place is free, by the rule of GrowingOrder, and anew where it shows no candidate. 72
/// bytes for each finished member, and more for those of the top.
class OutcomeRung {
public:
    explicit OutcomeRung(std::int64_t eta) : eta_(static_cast<std::uint64_t>(eta)) {}

    /// The member finished here. Appends to `entered` the members that became candidates for the first time.
    void finish(MemberId member, const Outcome& outcome, std::vector<MemberId>& entered);
    /// Takes and returns the best candidate.
    std::optional<MemberId> take_best();
    /// True if take_best() would return a member. O(1).
    bool has_candidate() const { return candidate_.exists(); }
    /// The member finished here and will not go on (the user stopped it). It stays counted and keeps its place.
    void withdraw(MemberId member);
    /// Members finished here that dominate this outcome. O(finished).
    std::uint64_t dominators(const Outcome& outcome) const;

    std::uint64_t finished() const { return finished_; }
    std::uint64_t top_size() const { return finished_ / eta_; }
    std::size_t memory_bytes() const;

private:
    /// Finds the candidate after a change.
    void settle();
    MemberId best_left(bool fresh);

    std::uint64_t eta_;
    std::uint64_t finished_ = 0;
    std::uint64_t taken_ = 0;
    GrowingOrder order_;
    std::set<MemberId> gone_;  ///< taken or withdrawn
    std::set<MemberId> seen_;  ///< appended to `entered` before
    MemberId candidate_ = {};
};

}  // namespace stemma
