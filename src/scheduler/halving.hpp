#pragma once
// One bracket of synchronous successive halving: a rung is handed out, ALL of it is waited for, the best share goes up.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "scheduler/scheduler.hpp"

namespace stemma {

/// Rung k has floor(n / eta^k) places, at least one, n being the members that the bracket was planned with (fewer if no
/// more were granted): so somebody is always trained to the top. They are filled from those that finished rung k - 1
/// with a finite objective: a dropped member makes the choice poorer, not the next rung smaller, as long as enough are
/// left; else all that are left go up. A rung with nobody to fill it ends the bracket. Ties go to the older member.
class HalvingBracket {
public:
    /// `number` is what rows() show.
    HalvingBracket(int number, std::uint64_t members, std::vector<Resource> resources, std::int64_t eta);

    /// A member of this rung to train on to resource().
    std::optional<MemberId> next();
    bool wants_birth() const { return level_ == 0 && born_ < size_; }
    Resource resource() const { return resources_[level_]; }

    void born();
    /// No more births: the first rung is what it is.
    void close(Actions& out);
    void reported(MemberId member, double objective, Actions& out);
    /// A member was given up that is in training; or, rarely, one that waits (O(members of the rung)).
    void dropped(Actions& out);
    void withdrawn(MemberId member, Actions& out);
    /// Further rungs on top.
    void extend(Resource max);
    /// After extend(): looks whether the bracket, if it was over, goes on.
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
    /// Once nobody of the rung is waited for: who goes up, or the end.
    void settle(Actions& out);
    std::uint64_t places_above() const;
    void add_rows();

    int number_;
    std::uint64_t size_;  ///< n of the first rung
    std::vector<Resource> resources_;
    std::int64_t eta_;
    std::size_t level_ = 0;
    std::uint64_t born_ = 0;
    std::uint64_t running_ = 0;
    std::vector<MemberId> queue_;   ///< of this rung, to hand out; best last
    std::vector<Finish> finished_;  ///< of this rung, finite ones only
    std::vector<RungRow> rows_;
    bool done_ = false;
};

}  // namespace stemma
