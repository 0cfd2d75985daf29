#pragma once
// One bracket of synchronous successive halving: a rung is handed out, ALL of it is waited for, the best share goes up.

#include <cstdint>
#include <optional>
#include <vector>

#include "scheduler/scheduler.hpp"

namespace stemma {

class HalvingBracket {
public:
    HalvingBracket(int number, std::uint64_t members, std::vector<Resource> resources, std::int64_t eta);

    /// Work that can be handed out now: a member of this rung to train on, or a birth.
    bool wants_birth() const { return level_ == 0 && born_ < size_; }
    std::optional<MemberId> next();
    Resource resource() const { return resources_[level_]; }

    void born(MemberId member);
    /// No more births: the first rung is what it is.
    void close(Actions& out);
    void reported(MemberId member, double objective, Actions& out);
    void given_up(MemberId member, Actions& out);

    bool done() const { return done_; }
    /// True if free workers find nothing here until a report comes.
    bool waiting() const { return !done_ && !wants_birth() && queue_.empty(); }
    std::uint64_t running() const { return running_; }
    std::vector<RungRow> rows() const;

private:
    struct Finish {
        double objective;
        MemberId member;
        friend auto operator<=>(const Finish&, const Finish&) = default;
    };
    void settle(Actions& out);

    int number_;
    std::uint64_t size_;               ///< n of the first rung
    std::vector<Resource> resources_;
    std::int64_t eta_;
    std::size_t level_ = 0;
    std::uint64_t born_ = 0;
    std::uint64_t running_ = 0;
    std::vector<MemberId> queue_;      ///< of this rung, to hand out; best last
    std::vector<Finish> finished_;     ///< of this rung, finite ones only
    std::vector<RungRow> rows_;
    bool done_ = false;
};

}  // namespace stemma
