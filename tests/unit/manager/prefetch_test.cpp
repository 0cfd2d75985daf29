#include <gtest/gtest.h>

#include "manager/workers.hpp"
#include "unit/manager/harness.hpp"

namespace stemma::test {
namespace {

constexpr std::size_t many = 20'000;

/// After `reports` leases of one unit, each alone at its worker. Times are in seconds.
Prefetch after(double seconds, double answer, std::size_t reports = many) {
    Prefetch prefetch(leases_ahead_auto);
    for (std::size_t i = 0; i < reports; ++i) prefetch.learn(seconds, 1, answer);
    return prefetch;
}

/// Leases of `units` units that one of `workers` workers gets while it reports nothing.
std::size_t leases(const Prefetch& prefetch, std::size_t workers = 2, Resource units = 1) {
    std::size_t held = 0;
    while (prefetch.room(workers, held, units * static_cast<Resource>(held))) ++held;
    return held;
}

TEST(Prefetch, ANumberIsKept) {
    EXPECT_EQ(leases(Prefetch(0)), 1U);
    EXPECT_EQ(leases(Prefetch(3), 1), 4U);
}

TEST(Prefetch, AWorkerGetsWorkForEightAnswers) {
    EXPECT_EQ(leases(after(0.00011, 0.0002)), 15U) << "1.6 ms are more than 14 trainings of 0.11 ms";
    EXPECT_EQ(leases(after(0.00011, 0.0002), 2, 10), 2U);
    EXPECT_EQ(leases(after(0.0015, 0.0002)), 2U);
}

TEST(Prefetch, ATrainingOfMoreThanEightAnswersIsAlone) {
    EXPECT_EQ(leases(after(0.0017, 0.0002)), 1U);
    EXPECT_EQ(leases(after(0.00011, 0.0002), 2, 15), 1U);
}

TEST(Prefetch, ATrainingOfMoreThanFortyMillisecondsIsAlone) {
    EXPECT_EQ(leases(after(0.041, 1)), 1U);
    EXPECT_EQ(leases(after(0.039, 1)), 2U);
}

TEST(Prefetch, AtMost64WaitBehindTheFirst) { EXPECT_EQ(leases(after(0, 0.001)), 65U); }

TEST(Prefetch, ASingleWorkerGetsNoneEarly) { EXPECT_EQ(leases(after(0.00011, 0.0002), 1), 1U); }

TEST(Prefetch, EarlyLeasesAreAHundredthOfTheReports) {
    EXPECT_EQ(leases(after(0.00001, 0.001, 199)), 1U);
    EXPECT_EQ(leases(after(0.00001, 0.001, 200)), 2U);
    EXPECT_EQ(leases(after(0.00001, 0.001, 2000)), 11U);
    EXPECT_EQ(leases(after(0.00001, 0.001, 2000), 20), 2U) << "of all workers together";
}

TEST(Prefetch, ItFollowsTheTimes) {
    auto prefetch = after(0.00011, 0.0002);
    for (int i = 0; i < 20; ++i) prefetch.learn(0.1, 1, std::nullopt);
    EXPECT_EQ(leases(prefetch), 1U) << "trainings became longer";
    for (int i = 0; i < 500; ++i) prefetch.learn(0.00011, 1, std::nullopt);
    EXPECT_EQ(leases(prefetch), 15U) << "and short again";
    prefetch.learn(0.00011, 1, 10.0);
    EXPECT_EQ(leases(prefetch), 15U) << "a single slow answer does not count";
    for (int i = 0; i < 15; ++i) prefetch.learn(0.00011, 1, 0.0004);
    EXPECT_EQ(leases(prefetch), 30U) << "answers take twice the time";
}

TEST(Prefetch, AResumedSearchMeasuresAnew) {
    auto prefetch = after(0.00011, 0.0002);
    prefetch.forget();
    EXPECT_EQ(leases(prefetch), 1U);
    for (std::size_t i = 0; i < Prefetch::answers_needed; ++i) prefetch.learn(0.00011, 1, 0.0002);
    EXPECT_EQ(leases(prefetch), 15U) << "its reports count";
}

TEST(Prefetch, AnAnswerIsMeasuredByALeaseThatWasAloneAndWaitedForNoSnapshot) {
    const ActiveLease alone{.lease = {0}, .member = {0}, .to = 1, .source = {.kind = SourceKind::local}, .alone = true};
    auto fetched = alone;
    fetched.source.kind = SourceKind::peer;
    auto behind = alone;
    behind.alone = false;
    for (const auto& lease : {alone, fetched, behind}) {
        WorkerTable workers(leases_ahead_auto);
        workers.join({1}, "host", 0);
        workers.join({2}, "host", 0);
        for (std::size_t i = 0; i < many; ++i) workers.learn({1}, lease, 0.0001, 1, 0.01);
        workers.add({1}, lease);
        const bool measured = lease.alone && lease.source.kind == SourceKind::local;
        EXPECT_EQ(workers.has_room({1}), measured);
        EXPECT_TRUE(workers.has_room({2}));
        EXPECT_EQ(workers.rooms(), measured ? 2U : 1U);
    }
}

TEST(Prefetch, TheManagerMeasuresFromTheAssignmentToTheReport) {
    ManagerSettings settings;
    settings.leases_ahead = leases_ahead_auto;
    settings.durable = DurablePolicy::none;
    Harness run(settings);
    run.scheduler->work.assign(1000, action::Create{1});
    run.start(2);
    const auto train = [&](double seconds, double answer) {
        const auto lease = LeaseId{run.manager->totals().leases - 1};
        return all_of<effect::Train>(
            run.feed(input::Report{{2}, lease, 1, seconds, 0, {{1, {0.5}}}}, seconds + answer));
    };
    for (int i = 0; i < 199; ++i) ASSERT_EQ(train(0.001, 0.002).size(), 1U);
    const auto leases = train(0.001, 0.002);
    ASSERT_EQ(leases.size(), 2U);
    EXPECT_EQ(leases[1].worker, WorkerId{2});
}

}  // namespace
}  // namespace stemma::test
