#pragma once
// A manager with a scripted scheduler, and short ways to feed it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <limits>
#include <set>

#include "core/error.hpp"
#include "manager/manager.hpp"

namespace stemma::test {

/// Creates `members` members trained to `rungs[0]`. If `follow` is set, continues each to the next rung at its report.
/// All other work is what the test pushes to `work`.
class ScriptedScheduler : public Scheduler {
public:
    std::deque<Action> work;  ///< Create and Train to hand out, in order
    Actions after_report;     ///< Keep and Release to answer the next report with
    std::vector<Event> seen;
    std::vector<std::vector<double>> more;  ///< objectives after the first, of each report seen
    double deadline = std::numeric_limits<double>::infinity();
    bool no_more = false;

    void on(const Event& event, Actions& out) override {
        seen.push_back(event);
        if (std::holds_alternative<event::WorkWanted>(event)) {
            while (!work.empty() && no_more && std::holds_alternative<action::Create>(work.front())) work.pop_front();
            if (work.empty()) return;
            out.push_back(work.front());
            work.pop_front();
        } else if (std::holds_alternative<event::NoMoreMembers>(event)) {
            no_more = true;
        } else if (std::holds_alternative<event::Extended>(event)) {
            no_more = false;
        } else if (const auto* report = std::get_if<event::Report>(&event)) {
            more.emplace_back(report->more.begin(), report->more.end());
            out.insert(out.end(), after_report.begin(), after_report.end());
            after_report.clear();
        }
    }
    std::vector<RungRow> rungs() const override { return {}; }
    bool exhausted() const override { return work.empty(); }
    double next_deadline() const override { return deadline; }
    std::string describe() const override { return "scripted"; }

    template <class T>
    std::size_t count() const {
        return static_cast<std::size_t>(
            std::count_if(seen.begin(), seen.end(), [](const auto& e) { return std::holds_alternative<T>(e); }));
    }
};

/// Proposes the empty configuration, `limit` times.
class EmptySampler : public Sampler {
public:
    explicit EmptySampler(std::uint64_t limit) : limit_(limit) {}
    std::optional<Configuration> propose(const ProposalRequest& request) override {
        asked.push_back(request);
        return request.index < limit_ ? std::optional<Configuration>(Configuration{}) : std::nullopt;
    }
    void observe(const Observation& observation) override { observed.push_back(observation); }
    std::string describe() const override { return "empty"; }
    void born(const Birth& birth) override { births.push_back(birth); }
    void given_up(MemberId member) override { gone.push_back(member); }
    std::vector<Observation> observed;
    std::vector<ProposalRequest> asked;
    std::vector<Birth> births;
    std::vector<MemberId> gone;

private:
    std::uint64_t limit_;
};

class Harness {
public:
    explicit Harness(ManagerSettings settings = {}, std::uint64_t sampler_limit = 1'000'000) {
        auto scripted = std::make_unique<ScriptedScheduler>();
        scheduler = scripted.get();
        auto empty = std::make_unique<EmptySampler>(sampler_limit);
        sampler = empty.get();
        manager.emplace(std::move(settings), SearchSpace{}, std::move(scripted), std::move(empty));
    }

    /// Feeds one input, one second after the last. Returns the answer.
    Effects feed(input::Body body, double seconds = 1) {
        Effects effects;
        time += seconds;
        manager->on(Input{sequence++, time, std::move(body)}, effects);
        return effects;
    }
    Effects start(std::uint32_t workers = 1, std::uint64_t quota = 0) {
        Effects all = feed(input::IncarnationStarted{incarnation++, workers});
        for (std::uint64_t worker = 1; worker <= workers; ++worker) {
            auto effects = feed(input::WorkerJoined{{worker}, "host", "cpu", quota});
            all.insert(all.end(), effects.begin(), effects.end());
        }
        return all;
    }
    Effects report(std::uint64_t worker, std::uint64_t lease, Resource reached, double metric,
                   std::uint64_t bytes = 10) {
        return feed(input::Report{{worker}, {lease}, reached, 1.0, bytes, {{reached, {metric}}}});
    }
    Effects fail(std::uint64_t worker, std::uint64_t lease, FailureKind kind, std::string type = "std::runtime_error") {
        return feed(input::Failure{{worker}, {lease}, kind, std::move(type), "message", 0, 0.5});
    }

    ScriptedScheduler* scheduler = nullptr;
    EmptySampler* sampler = nullptr;
    std::optional<Manager> manager;
    std::uint64_t sequence = 0;
    std::uint32_t incarnation = 0;
    double time = 0;
};

template <class T>
std::vector<T> all_of(const Effects& effects) {
    std::vector<T> found;
    for (const auto& effect : effects) {
        if (const auto* item = std::get_if<T>(&effect)) found.push_back(*item);
    }
    return found;
}

template <class T>
T only(const Effects& effects) {
    const auto found = all_of<T>(effects);
    EXPECT_EQ(found.size(), 1U);
    return found.empty() ? T{} : found.front();
}

inline bool noted(const Effects& effects, EventKind kind) {
    for (const auto& item : all_of<effect::Noted>(effects)) {
        if (item.kind == kind) return true;
    }
    return false;
}

}  // namespace stemma::test
