#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "outcome/order.hpp"

namespace stemma {

/// The best places of candidates that come one by one. The order is computed when it is asked for, and not before
/// enough have come: after each one while there are at most 10^4, then after a hundredth of them. What best() returns
/// is a function of the calls alone, so that a replay sees the same.
///
/// Above 10^4 candidates a full order is spread over the hundredth of them that came since: 100 times the cost of an
/// order divided by its size, amortized. 56 bytes a candidate, and 8 a place.
class GrowingOrder {
public:
    static constexpr std::size_t always_fresh_up_to = 10'000;

    /// Members differ.
    void add(const Candidate& candidate) { candidates_.push_back(candidate); }
    /// At most `need` places, best first. With `fresh` they are those of all that have come; else some of those that
    /// came last may be missing, and there may be fewer places. Valid until the next call.
    std::span<const MemberId> best(std::size_t need, bool fresh = false);
    /// best(need) gives all that best(need, true) would give, without a computation.
    bool is_fresh(std::size_t need) const;
    std::size_t size() const { return candidates_.size(); }
    /// In the order in which they came.
    std::span<const Candidate> candidates() const { return candidates_; }
    std::size_t memory_bytes() const {
        return candidates_.capacity() * sizeof(Candidate) + best_.capacity() * sizeof(MemberId);
    }

private:
    std::vector<Candidate> candidates_;
    std::vector<MemberId> best_;  ///< as of the last computation
    std::size_t counted_ = 0;     ///< candidates at that time
    std::size_t asked_ = 0;       ///< places that were asked for then
};

}  // namespace stemma
