#pragma once
// Shared by SHA and Hyperband: brackets of synchronous halving, one after another as free workers ask for them.

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scheduler/halving.hpp"
#include "scheduler/scheduler.hpp"

namespace stemma {

struct HalvingPlan {
    int kind = 0;  ///< number in tables; brackets of one kind are summed
    std::uint64_t members = 0;
    std::vector<Resource> resources;
};

class SynchronousHalving : public Scheduler {
public:
    struct Settings {
        std::string name;
        Resource max = 1;
        std::int64_t eta = 3;
        std::size_t objectives = 1;  ///< of the reports
        /// The bracket with this running number; nothing if there are no more.
        std::function<std::optional<HalvingPlan>(std::uint64_t number, Resource max)> plan;
    };
    explicit SynchronousHalving(Settings settings);

    void on(const Event& event, Actions& out) override;
    std::vector<RungRow> rungs() const override;
    bool exhausted() const override;
    std::string describe() const override {
        if (settings_.objectives == 1) return settings_.name;
        return settings_.name + ", " + std::to_string(settings_.objectives) + " objectives";
    }
    std::size_t memory_bytes() const override {
        return members_.capacity() * sizeof(Member) + brackets_.size() * sizeof(HalvingBracket);
    }

private:
    struct Member {
        std::uint32_t bracket = 0;
        bool running = false;
    };

    void take(const event::WorkWanted&, Actions& out);
    void take(const event::Created&, Actions& out);
    void take(const event::NoMoreMembers&, Actions& out);
    void take(const event::Report&, Actions& out);
    void take(const event::GivenUp&, Actions& out);
    void take(const event::Extended&, Actions& out);
    void take(const event::ParentLost&, Actions&) {}
    void take(const event::TimePassed&, Actions&) {}
    bool open_next();
    /// Updates with_work_ after a change of the bracket.
    void refresh(std::uint32_t number);

    Settings settings_;
    std::uint32_t birth_ = 0;              ///< bracket of the member asked for
    std::deque<HalvingBracket> brackets_;  ///< also brackets that are over: they go on if the search is extended
    std::set<std::uint32_t> with_work_;    ///< of brackets_; the oldest is served first
    std::vector<Member> members_;
    std::uint64_t in_flight_ = 0;
    bool no_more_ = false;
};

}  // namespace stemma
