// Ask and tell: no worker process, and only the record between two calls.
#include "runtime/ask_tell_session.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

#include "record/memory_journal.hpp"
#include "runtime/fit_thread.hpp"
#include "runtime/replay.hpp"
#include "sampler/random.hpp"
#include "scheduler/asha.hpp"
#include "scheduler/gpbt.hpp"

namespace stemma {
namespace {

/// Every call starts from the record alone, as `stemma ask` and `stemma tell` do.
class Asked {
public:
    Asked(ManagerSettings settings, std::function<std::unique_ptr<Scheduler>()> scheduler)
        : settings_(std::move(settings)), scheduler_(std::move(scheduler)) {
        call([](AskTellSession& session, Manager&, AskTellState&) { session.feed(input::IncarnationStarted{}); });
    }

    void call(const std::function<void(AskTellSession&, Manager&, AskTellState&)>& use) {
        Manager manager = fresh();
        AskTellState state;
        const auto result = replay(manager, [&](const std::function<void(const record::Entry&)>& take) {
            for (const auto& entry : journal_.committed()) {
                state.on(entry.input, entry.effects);
                take(entry);
            }
        });
        ASSERT_FALSE(result.mismatch);
        AskTellSession session(
            manager, [&]() -> record::Journal& { return journal_; }, state, time_ += 1);
        use(session, manager, state);
        ended = manager.ended();
        totals = manager.totals();
        kept = manager.kept_snapshots();
        out = state.open().size();
    }

    std::optional<effect::Train> ask() {
        std::optional<effect::Train> got;
        call([&](AskTellSession& session, Manager&, AskTellState&) {
            got = session.ask([&](LeaseId lease) { return taken_.contains(lease); });
        });
        if (got) taken_.insert(got->lease);
        return got;
    }

    void tell(const effect::Train& lease, double loss) {
        call([&](AskTellSession& session, Manager&, AskTellState&) {
            session.feed(input::Report{.worker = lease.worker,
                                       .lease = lease.lease,
                                       .reached = lease.to,
                                       .seconds = 1,
                                       .snapshot_bytes = 10,
                                       .rows = {{lease.to, {loss}}}});
        });
    }
    void feed(input::Body body) {
        call([&](AskTellSession& session, Manager&, AskTellState&) { session.feed(std::move(body)); });
    }

    bool ended = false;
    Totals totals;
    std::vector<SnapshotId> kept;
    std::size_t out = 0;

private:
    Manager fresh() const {
        std::vector<Parameter> parameters(1);
        parameters[0].name = "lr";
        parameters[0].domain = Real{1e-4, 1, Scale::log, {}};
        parameters[0].role = Role::mutable_value;
        const auto space = std::make_shared<const SearchSpace>(parameters);
        return {settings_, *space, scheduler_(), make_random_sampler(space, 1)};
    }

    ManagerSettings settings_;
    std::function<std::unique_ptr<Scheduler>()> scheduler_;
    record::MemoryJournal journal_;
    std::set<LeaseId> taken_;
    double time_ = 0;
};

std::unique_ptr<Scheduler> asha() {
    AshaSettings settings;
    settings.max = 9;
    return make_asha(settings);
}

std::unique_ptr<Scheduler> gpbt() {
    GpbtSettings settings;
    settings.children = 4;
    settings.interval = 1;
    settings.max = 3;
    settings.founders = 1;
    settings.parents_compete = true;
    return make_gpbt(settings);
}

/// Asks for up to `at_once` leases and tells the oldest, until the search has ended. Returns the leases told.
std::size_t search(Asked& asked, std::size_t at_once) {
    std::vector<effect::Train> out;
    std::map<MemberId, Resource> reached;
    std::size_t told = 0;
    while (!asked.ended) {
        while (out.size() < at_once) {
            const auto lease = asked.ask();
            if (!lease) break;
            EXPECT_GE(lease->from, reached[lease->member]);
            reached[lease->member] = lease->to;
            out.push_back(*lease);
        }
        if (out.empty()) return told;  // the search waits for no open lease: a bug, which the caller sees
        asked.tell(out.front(), 1.0 / static_cast<double>(1 + out.front().member.value % 7 + out.front().to));
        out.erase(out.begin());
        ++told;
    }
    return told;
}

TEST(AskTellSession, ASearchIsAskedToItsEnd) {
    for (const std::size_t at_once : {1U, 3U, 8U}) {
        Asked asked({.budget = {.members = 20}}, asha);
        const auto told = search(asked, at_once);
        EXPECT_TRUE(asked.ended);
        EXPECT_EQ(asked.totals.members, 20U);
        EXPECT_EQ(asked.totals.reports, told);
        EXPECT_EQ(asked.out, 0U);
    }
}

TEST(AskTellSession, ChildrenGoOnFromTheirParentsWhoeverTrainedThese) {
    Asked asked({}, gpbt);
    EXPECT_EQ(search(asked, 2), 12U);
    EXPECT_TRUE(asked.ended);
    EXPECT_EQ(asked.totals.retrained, 0U);
    EXPECT_LE(asked.kept.size(), 2U) << "snapshots that are not needed are removed";
}

TEST(AskTellSession, ABarrierHasNothingToTrainUntilSomethingIsTold) {
    Asked asked({}, gpbt);
    std::vector<effect::Train> first;
    while (const auto lease = asked.ask()) first.push_back(*lease);
    ASSERT_EQ(first.size(), 4U) << "the children of a generation";
    EXPECT_FALSE(asked.ask());
    EXPECT_FALSE(asked.ended);
    for (const auto& lease : first) asked.tell(lease, 0.5);
    EXPECT_TRUE(asked.ask());
}

TEST(RunFit, OneThatThrowsIsAModelLess) {
    struct Broken : ModelFit {
        std::vector<double> run() const override { throw std::runtime_error("singular"); }
    };
    const auto fitted = run_fit({3, std::make_shared<Broken>()});
    EXPECT_EQ(fitted.number, 3U);
    EXPECT_TRUE(fitted.model.empty());
}

TEST(AskTellSession, ATargetEndsItAtOnce) {
    Asked asked({.budget = {.target = 0.1}}, asha);
    const auto first = asked.ask();
    const auto second = asked.ask();
    ASSERT_TRUE(first && second);
    asked.tell(*first, 0.05);
    EXPECT_TRUE(asked.ended) << "what is out is not waited for";
    EXPECT_EQ(asked.out, 0U);
    EXPECT_FALSE(asked.ask());
}

TEST(AskTellSession, ALostLeaseIsGivenOutAgain) {
    Asked asked({.budget = {.members = 1}}, asha);
    const auto lease = asked.ask();
    ASSERT_TRUE(lease);
    asked.call(
        [&](AskTellSession& session, Manager&, AskTellState&) { session.lose(lease->worker, "told to be lost"); });
    const auto again = asked.ask();
    ASSERT_TRUE(again);
    EXPECT_EQ(again->member, lease->member);
    EXPECT_NE(again->lease, lease->lease);
}

TEST(AskTellSession, FailuresAreRetriedAndCounted) {
    Asked asked({.budget = {.members = 1}, .retries = 1}, asha);
    for (int attempt = 0; attempt < 2; ++attempt) {
        const auto lease = asked.ask();
        ASSERT_TRUE(lease);
        asked.feed(input::Failure{lease->worker, lease->lease, FailureKind::exception, "Error", "it broke", 0, 1});
    }
    EXPECT_FALSE(asked.ask());
    EXPECT_TRUE(asked.ended);
    EXPECT_EQ(asked.totals.failures, 1U);
}

}  // namespace
}  // namespace stemma
