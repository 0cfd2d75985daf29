#pragma once
// One bracket of synchronous successive halving: a rung is handed out, ALL of it is waited for, the best share goes up.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "outcome/outcome.hpp"
#include "scheduler/scheduler.hpp"

namespace stemma {

/// Rung k has floor(n / eta^k) slots, at least one, so that a member is always trained to the top. n is the number of
/// members that the bracket was planned with, or fewer if no more were granted. The slots are filled from the members
/// that finished rung k - 1 with a finite objective. A dropped member makes the choice poorer, not the next rung
/// smaller, as long as enough members are left; else all that are left go up. The bracket ends at a rung without
/// members. Ties go to the older member. With several objectives members compare by the order over outcomes
/// (outcome/order.hpp).
class HalvingBracket {
public:
    /// `number` appears in rows().
    HalvingBracket(int number, std::uint64_t members, std::vector<Resource> resources, std::int64_t eta);

    /// A member of this rung to train on to resource().
    std::optional<MemberId> next();
    bool wants_birth() const { return level_ == 0 && born_ < size_; }
    Resource resource() const { return resources_[level_]; }

    void born();
    /// No more births: the first rung is complete.
    void close(Actions& out);
    void reported(const event::Report& report, Actions& out);
    /// A member in training was given up; or, rarely, a waiting member (O(members of the rung)).
    void dropped(Actions& out);
    void withdrawn(MemberId member, Actions& out);
    /// Adds rungs on top.
    void extend(Resource max);
    /// After extend(): a bracket that was over goes on if it can.
    void reopen(Actions& out);

    bool done() const { return done_; }
    /// False if free workers find nothing here until a report comes.
    bool has_work() const { return !done_ && (wants_birth() || !queue_.empty()); }
    std::uint64_t running() const { return running_; }
    const std::vector<RungRow>& rows() const { return rows_; }

private:
    struct Finish {
        double objective;
        MemberId member;
        friend auto operator<=>(const Finish&, const Finish&) = default;
    };
    /// Once no member of the rung is waited for: chooses the members that go up, or ends the bracket.
    void settle(Actions& out);
    void sort_finished();
    double priority(const event::Report& report) const;
    std::uint64_t places_above() const;
    void add_rows();

    int number_;
    std::uint64_t size_;  ///< n of the first rung
    std::vector<Resource> resources_;
    std::int64_t eta_;
    std::size_t level_ = 0;
    std::uint64_t born_ = 0;
    std::uint64_t running_ = 0;
    std::vector<MemberId> queue_;     ///< of this rung, to be handed out; best last
    std::vector<Finish> finished_;    ///< of this rung, finite only
    std::vector<Candidate> several_;  ///< the same with all objectives, where there are several
    std::vector<RungRow> rows_;
    bool done_ = false;
};

}  // namespace stemma
