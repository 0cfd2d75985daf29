#include "scheduler/random_search.hpp"

#include <cmath>
#include <deque>
#include <vector>

#include "core/error.hpp"
#include "scheduler/common_keys.hpp"
#include "scheduler/retention.hpp"

namespace stemma {

namespace {

class RandomSearch : public Scheduler {
public:
    explicit RandomSearch(const RandomSearchSettings& settings) : max_(settings.max) {}

    void on(const Event& event, Actions& out) override {
        if (std::holds_alternative<event::WorkWanted>(event)) {
            give_work(out);
        } else if (std::holds_alternative<event::Created>(event)) {
            states_.push_back(State::running);
            ++entered_;
            ++in_flight_;
        } else if (std::holds_alternative<event::NoMoreMembers>(event)) {
            no_more_ = true;
        } else if (const auto* report = std::get_if<event::Report>(&event)) {
            take(*report, out);
        } else if (const auto* given_up = std::get_if<event::GivenUp>(&event)) {
            if (states_[given_up->member.value] == State::running) --in_flight_;
            states_[given_up->member.value] = State::gone;
            prune();
        } else if (const auto* extended = std::get_if<event::Extended>(&event)) {
            extend(*extended);
        }
    }

    std::vector<RungRow> rungs() const override { return {{0, 0, max_, entered_, finished_, 0}}; }
    bool exhausted() const override { return no_more_ && in_flight_ == 0 && again_.empty(); }
    std::string describe() const override { return "every configuration to " + std::to_string(max_) + ", no stopping"; }
    std::size_t memory_bytes() const override { return states_.capacity() * sizeof(State); }

private:
    enum class State : std::uint8_t { running, finished, gone };

    void give_work(Actions& out) {
        if (again_.empty()) {
            if (!no_more_) out.push_back(action::Create{max_});
            return;
        }
        const auto member = again_.front();
        again_.pop_front();
        prune();
        states_[member.value] = State::running;
        ++in_flight_;
        out.push_back(action::Train{member, max_});
    }

    /// The front of again_ is never gone: empty() means that no member waits.
    void prune() {
        while (!again_.empty() && states_[again_.front().value] == State::gone) again_.pop_front();
    }

    void take(const event::Report& report, Actions& out) {
        ensure(states_[report.member.value] == State::running, "a report comes from a member that was asked to train");
        --in_flight_;
        const bool finite = std::isfinite(report.objective);
        states_[report.member.value] = finite ? State::finished : State::gone;
        if (!finite) {
            ++finished_;  // it counts, as worst
            out.push_back(action::Release{report.member});
        } else if (report.resource < max_) {
            again_.push_back(report.member);  // max was raised while it trained
            out.push_back(action::Keep{report.member, certain_to_go_on, false});
        } else {
            ++finished_;
            out.push_back(action::Keep{report.member, retention_priority(0, report.objective), false});
        }
    }

    void extend(const event::Extended& extended) {
        no_more_ = false;
        if (extended.max_resource <= max_) return;
        // Members that an earlier extension left waiting are in again_ already: all are queued anew, in order of birth.
        max_ = extended.max_resource;
        finished_ = 0;
        again_.clear();
        for (std::uint64_t member = 0; member < states_.size(); ++member) {
            if (states_[member] == State::finished) again_.push_back({member});
        }
    }

    Resource max_;
    std::vector<State> states_;
    std::deque<MemberId> again_;
    std::uint64_t entered_ = 0;
    std::uint64_t finished_ = 0;
    std::uint64_t in_flight_ = 0;
    bool no_more_ = false;
};

std::vector<Field<RandomSearchSettings>> fields() { return {scheduler_keys::max<RandomSearchSettings>()}; }

SchedulerDescriptor descriptor(const char* name, const char* summary) {
    return {
        .name = name,
        .summary = summary,
        .defaults = RandomSearchSettings(),
        .fields = erased(fields()),
        .make = [](const RandomSearchSettings& settings, std::uint64_t) { return make_random_search(settings); },
        .make_several = [](const RandomSearchSettings& settings, std::uint64_t,
                           std::size_t) { return make_random_search(settings); },
        .rungs = expected_rungs,
    };
}

}  // namespace

std::vector<RungRow> expected_rungs(const RandomSearchSettings& settings, std::uint64_t members) {
    return {{0, 0, settings.max, members, members, 0}};
}

SchedulerDescriptor random_search_descriptor() { return descriptor("random", "every member is trained to max"); }

SchedulerDescriptor grid_search_descriptor() {
    auto grid = descriptor("grid", "the same, with the grid sampler");
    grid.traits.ends_by_itself = true;
    grid.traits.sampler = "grid";
    grid.other_defaults = {{"sampler", "", "type", std::string("grid")}};
    return grid;
}

std::unique_ptr<Scheduler> make_random_search(const RandomSearchSettings& settings) {
    require_ranges("scheduler", fields(), settings);
    return std::make_unique<RandomSearch>(settings);
}

}  // namespace stemma
