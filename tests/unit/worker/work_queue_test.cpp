#include <gtest/gtest.h>

#include <thread>

#include "worker/work_queue.hpp"

namespace stemma {
namespace {

TEST(WorkQueue, EveryJobComesBackOnceAndInOrder) {
    constexpr int jobs = 10'000;
    Wakeup wakeup;
    WorkQueue<int, int> queue(wakeup);
    std::vector<int> results;
    {
        const std::jthread thread([&] {
            while (auto job = queue.next()) queue.done(*job * 2);
        });
        std::vector<int> batch;
        std::vector<int> part;
        for (int given = 0; static_cast<int>(results.size()) < jobs;) {
            for (int i = 0; i < 100 && given < jobs; ++i) batch.push_back(given++);
            queue.give(batch);
            queue.collect(part);
            results.insert(results.end(), part.begin(), part.end());
            if (part.empty()) wakeup.wait(std::chrono::milliseconds(1));
        }
        queue.close(false);
    }
    for (int i = 0; i < jobs; ++i) ASSERT_EQ(results[static_cast<std::size_t>(i)], 2 * i);
}

TEST(WorkQueue, ClosingKeepsOrDropsWhatWaits) {
    Wakeup wakeup;
    WorkQueue<int, int> kept(wakeup);
    WorkQueue<int, int> dropped(wakeup);
    std::vector<int> jobs = {1, 2};
    kept.give(jobs);
    jobs = {1, 2};
    dropped.give(jobs);
    kept.close(false);
    dropped.close(true);

    EXPECT_EQ(kept.next(), 1);
    EXPECT_EQ(kept.next(), 2);
    EXPECT_EQ(kept.next(), std::nullopt);
    EXPECT_EQ(dropped.next(), std::nullopt);
}

TEST(WorkQueue, TheOwnerIsWokenWhenHalfOfTheJobsAreDoneAndWhenAllAre) {
    Wakeup wakeup;
    WorkQueue<int, int> queue(wakeup);
    std::vector<int> jobs = {1, 2, 3, 4};
    queue.give(jobs);
    const auto wakes_after_one = [&] {
        queue.done(*queue.next());
        return wakeup.wait(std::chrono::microseconds(0));
    };

    EXPECT_FALSE(wakes_after_one()) << "three wait";
    EXPECT_TRUE(wakes_after_one()) << "two wait, two are done";
    std::vector<int> results;
    queue.collect(results);
    EXPECT_TRUE(wakes_after_one());
    EXPECT_TRUE(wakes_after_one()) << "nothing waits";
}

}  // namespace
}  // namespace stemma
