#include "scheduler/repeated.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "scheduler/retention.hpp"

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
    double next_deadline() const override { return inner_->next_deadline(); }
    std::string describe() const override {
        return inner_->describe() + ", " + std::to_string(repeats_) + " seeds each";
    }
    std::size_t memory_bytes() const override {
        return inner_->memory_bytes() + group_of_.capacity() * sizeof(std::uint64_t) +
               groups_.capacity() * sizeof(Group);
    }

private:
    struct Sum {
        double sum = 0;
        double parts = 0;  ///< summed in parts, for sums beyond the largest double
        void add(double value, std::uint32_t count) {
            sum += value;
            parts += value / count;
        }
        double mean(std::uint32_t count) const { return std::isfinite(sum) ? sum / count : parts; }
    };
    /// Members of a group are born one after another: the queue is empty whenever a new group is asked for.
    struct Group {
        std::uint64_t first = 0;
        Resource to = 0;
        BracketId bracket = {};
        Sum objective = {};
        std::vector<Sum> more = {};  ///< of the further objectives
        std::uint32_t born = 1;
        std::uint32_t reported = 0;
        bool gone = false;
        std::uint64_t end() const { return first + born; }
    };
    struct Work {
        std::uint64_t group = 0;
        std::optional<MemberId> member;  ///< absent: a birth
    };

    void take(const event::WorkWanted& wanted, Actions& out) {
        if (queue_.empty() && !ask_inner(wanted, out)) return;
        hand_out(out);
        prune();
    }

    /// The front of queue_ is never of a group that is gone: empty() means that no member waits.
    void prune() {
        while (!queue_.empty() && groups_[queue_.front().group].gone) queue_.pop_front();
    }

    void hand_out(Actions& out) {
        const auto work = queue_.front();
        queue_.pop_front();
        auto& group = groups_[work.group];
        if (work.member) {
            out.push_back(action::Train{*work.member, group.to});
        } else {
            birth_ = work.group;
            out.push_back(action::Create{.to = group.to, .same_as = MemberId{group.first}, .bracket = group.bracket});
        }
    }

    /// Asks the inner scheduler. True if it queued work. The birth of a new group goes to `out` at once.
    bool ask_inner(const event::WorkWanted& wanted, Actions& out) {
        inner_actions_.clear();
        inner_->on(wanted, inner_actions_);
        bool queued = false;
        for (const auto& action : inner_actions_) {
            if (const auto* create = std::get_if<action::Create>(&action)) {
                birth_ = std::nullopt;
                asked_ = *create;
                out.push_back(action::Create{.to = create->to, .bracket = create->bracket});
            } else if (const auto* train = std::get_if<action::Train>(&action)) {
                auto& group = groups_[train->member.value];
                group.to = train->to;
                group.reported = 0;
                group.objective = {};
                group.more.clear();
                for (auto id = group.first; id < group.end(); ++id)
                    queue_.push_back({train->member.value, MemberId{id}});
                queued = true;
            } else {
                spread(action, out);
            }
        }
        return queued;
    }

    void take(const event::Created& created, Actions& out) {
        ensure(created.member.value == group_of_.size(), "members are numbered in order of birth");
        if (birth_) {
            auto& group = groups_[*birth_];
            ensure(group.end() == created.member.value, "members of a group are born one after another");
            group_of_.push_back(*birth_);
            ++group.born;
            return;
        }
        const std::uint64_t number = groups_.size();
        group_of_.push_back(number);
        groups_.push_back({.first = created.member.value, .to = asked_.to, .bracket = asked_.bracket});
        for (std::uint32_t i = 1; i < repeats_; ++i) queue_.push_back({number, std::nullopt});
        pass(event::Created{{number}}, out);
    }

    void take(const event::NoMoreMembers& event, Actions& out) {
        ensure(!birth_, "a repeat of a member that was born is not refused");
        pass(event, out);
    }

    void take(const event::Report& report, Actions& out) {
        const auto number = group_of_[report.member.value];
        auto& group = groups_[number];
        if (group.gone) {
            out.push_back(action::Release{report.member});
            return;
        }
        group.objective.add(report.objective, repeats_);
        group.more.resize(std::max(group.more.size(), report.more.size()));
        for (std::size_t i = 0; i < report.more.size(); ++i) group.more[i].add(report.more[i], repeats_);
        if (++group.reported == repeats_) {
            std::vector<double> more;
            for (const auto& sum : group.more) more.push_back(sum.mean(repeats_));
            event::Report mean{{number}, report.resource, group.objective.mean(repeats_), report.now};
            mean.more = more;
            pass(mean, out);
        } else {
            // Not decided yet, but soon: worth more than waiting members.
            out.push_back(action::Keep{report.member, certain_to_go_on, false});
        }
    }

    void take(const event::GivenUp& given_up, Actions& out) {
        const auto number = group_of_[given_up.member.value];
        auto& group = groups_[number];
        if (std::exchange(group.gone, true)) return;
        for (auto id = group.first; id < group.end(); ++id) {
            if (id != given_up.member.value) out.push_back(action::Release{{id}});
        }
        prune();
        pass(event::GivenUp{{number}}, out);
    }

    void take(const event::Extended& event, Actions& out) { pass(event, out); }
    void take(const event::ParentLost&, Actions&) { unreachable("no member has a parent here"); }
    void take(const event::TimePassed& event, Actions& out) { pass(event, out); }

    void pass(const Event& event, Actions& out) {
        inner_actions_.clear();
        inner_->on(event, inner_actions_);
        for (const auto& action : inner_actions_) spread(action, out);
    }

    /// Keep and Release of a group go to its members.
    void spread(const Action& action, Actions& out) const {
        if (const auto* keep = std::get_if<action::Keep>(&action)) {
            const auto& group = groups_[keep->member.value];
            for (auto id = group.first; id < group.end(); ++id)
                out.push_back(action::Keep{{id}, keep->priority, keep->promotable});
        } else if (const auto* release = std::get_if<action::Release>(&action)) {
            const auto& group = groups_[release->member.value];
            for (auto id = group.first; id < group.end(); ++id) out.push_back(action::Release{{id}});
        } else {
            unreachable("Create and Train only answer WorkWanted");
        }
    }

    std::unique_ptr<Scheduler> inner_;
    std::uint32_t repeats_;
    std::vector<Group> groups_;
    std::vector<std::uint64_t> group_of_;  ///< by member
    std::deque<Work> queue_;
    std::optional<std::uint64_t> birth_;  ///< group of the repeat asked for; none: a new group
    action::Create asked_;                ///< by the inner scheduler, the last
    Actions inner_actions_;
};

}  // namespace

std::unique_ptr<Scheduler> make_repeated(std::unique_ptr<Scheduler> inner, std::uint32_t repeats) {
    if (repeats < 1) throw UserError("scheduler: repeats must be >= 1; got 0");
    if (repeats == 1) return inner;
    return std::make_unique<Repeated>(std::move(inner), repeats);
}

}  // namespace stemma
