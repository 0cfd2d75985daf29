#include "scheduler/repeated.hpp"

#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "core/error.hpp"

namespace stemma {

namespace {

class Repeated : public Scheduler {
public:
    Repeated(std::unique_ptr<Scheduler> inner, std::uint32_t repeats) : inner_(std::move(inner)), repeats_(repeats) {}

    void on(const Event& event, Actions& out) override {
        std::visit([&](const auto& item) { take(item, out); }, event);
    }
    std::vector<RungRow> rungs() const override { return inner_->rungs(); }
    bool exhausted() const override { return queue_.empty() && inner_->exhausted(); }
    std::string describe() const override { return inner_->describe() + ", " + std::to_string(repeats_) + " seeds each"; }
    std::size_t memory_bytes() const override {
        return inner_->memory_bytes() + group_of_.capacity() * 8 + groups_.size() * (sizeof(Group) + repeats_ * sizeof(MemberId));
    }

private:
    struct Group {
        std::vector<MemberId> members;
        Resource to = 0;
        std::uint32_t reported = 0;
        double sum = 0;
        bool gone = false;
    };
    struct Work {
        std::uint64_t group = 0;
        std::optional<MemberId> member;  ///< absent: a birth
    };

    void take(const WorkWanted& wanted, Actions& out) {
        while (true) {
            while (!queue_.empty() && groups_[queue_.front().group].gone) queue_.pop_front();
            if (!queue_.empty()) {
                hand_out(out);
                return;
            }
            if (!ask_inner(wanted, out)) return;
        }
    }

    void hand_out(Actions& out) {
        const auto work = queue_.front();
        queue_.pop_front();
        auto& group = groups_[work.group];
        if (work.member) {
            out.push_back(Train{*work.member, group.to});
        } else {
            birth_ = work.group;
            out.push_back(Create{group.to, group.members.front()});
        }
    }

    /// Asks the inner scheduler. True if that queued work; a birth of a new group goes to `out` at once.
    bool ask_inner(const WorkWanted& wanted, Actions& out) {
        inner_actions_.clear();
        inner_->on(wanted, inner_actions_);
        bool queued = false;
        for (const auto& action : inner_actions_) {
            if (const auto* create = std::get_if<Create>(&action)) {
                birth_ = std::nullopt;
                asked_to_ = create->to;
                out.push_back(Create{create->to});
            } else if (const auto* train = std::get_if<Train>(&action)) {
                auto& group = groups_[train->member.value];
                group.to = train->to;
                group.reported = 0;
                group.sum = 0;
                for (const auto member : group.members) queue_.push_back({train->member.value, member});
                queued = true;
            } else {
                spread(action, out);
            }
        }
        return queued;
    }

    void take(const Created& created, Actions& out) {
        ensure(created.member.value == group_of_.size(), "members are numbered in order of birth");
        if (birth_) {
            group_of_.push_back(*birth_);
            groups_[*birth_].members.push_back(created.member);
            return;
        }
        const std::uint64_t number = groups_.size();
        group_of_.push_back(number);
        groups_.push_back({{created.member}, asked_to_, 0, 0, false});
        for (std::uint32_t i = 1; i < repeats_; ++i) queue_.push_back({number, std::nullopt});
        pass(Created{{number}}, out);
    }

    void take(const NoMoreMembers& event, Actions& out) {
        ensure(!birth_, "a repeat of a member that was born is not refused");
        pass(event, out);
    }

    void take(const Reported& report, Actions& out) {
        const auto number = group_of_[report.member.value];
        auto& group = groups_[number];
        if (group.gone) {
            out.push_back(Release{report.member});
            return;
        }
        group.sum += report.objective;
        if (++group.reported == repeats_) pass(Reported{{number}, report.resource, group.sum / repeats_}, out);
    }

    void take(const GivenUp& given_up, Actions& out) {
        const auto number = group_of_[given_up.member.value];
        auto& group = groups_[number];
        if (std::exchange(group.gone, true)) return;
        for (const auto member : group.members) {
            if (member != given_up.member) out.push_back(Release{member});
        }
        pass(GivenUp{{number}}, out);
    }

    void take(const Extended& event, Actions& out) { pass(event, out); }

    void pass(const Event& event, Actions& out) {
        inner_actions_.clear();
        inner_->on(event, inner_actions_);
        for (const auto& action : inner_actions_) spread(action, out);
    }

    /// Keep and Release of a group are those of its members.
    void spread(const Action& action, Actions& out) const {
        if (const auto* keep = std::get_if<Keep>(&action)) {
            for (const auto member : groups_[keep->member.value].members) out.push_back(Keep{member, keep->priority, keep->promotable});
        } else if (const auto* release = std::get_if<Release>(&action)) {
            for (const auto member : groups_[release->member.value].members) out.push_back(Release{member});
        } else {
            unreachable("Create and Train only answer WorkWanted");
        }
    }

    std::unique_ptr<Scheduler> inner_;
    std::uint32_t repeats_;
    std::vector<Group> groups_;
    std::vector<std::uint64_t> group_of_;  ///< by member
    std::deque<Work> queue_;
    std::optional<std::uint64_t> birth_;   ///< group of the repeat asked for; nothing: a new group
    Resource asked_to_ = 0;
    Actions inner_actions_;
};

}  // namespace

std::unique_ptr<Scheduler> make_repeated(std::unique_ptr<Scheduler> inner, std::uint32_t repeats) {
    if (repeats < 1) throw UserError("scheduler: repeats must be >= 1; got 0");
    if (repeats == 1) return inner;
    return std::make_unique<Repeated>(std::move(inner), repeats);
}

}  // namespace stemma
