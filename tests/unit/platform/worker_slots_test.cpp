#include "platform/worker_slots.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.hpp"
#include "support/errors.hpp"

namespace stemma {
namespace {

RankFacts on(std::string host, std::vector<std::string> uuids = {}) {
    RankFacts facts{.host = std::move(host)};
    for (auto& uuid : uuids) facts.gpus.push_back({static_cast<int>(facts.gpus.size()), std::move(uuid), "a GPU"});
    return facts;
}

TEST(RankFacts, SurviveTheirText) {
    for (const auto& uuids :
         std::vector<std::vector<std::string>>{{}, {"GPU-1"}, {"GPU-1", "MIG-2"}, {""}, {"GPU-1", ""}}) {
        const auto facts = facts_of(to_text(on("node7", uuids)));

        EXPECT_EQ(facts.host, "node7");
        ASSERT_EQ(facts.gpus.size(), uuids.size());
        for (std::size_t i = 0; i < uuids.size(); ++i) {
            EXPECT_EQ(facts.gpus[i].uuid, uuids[i]);
            EXPECT_EQ(facts.gpus[i].index, static_cast<int>(i));
        }
    }
    const RankFacts unknown{.host = "n", .gpus = {{.index = 0, .maker = GpuMaker::amd, .installed = 5}}};
    EXPECT_EQ(facts_of(to_text(unknown)).gpus.front().installed, 5);
}

TEST(WorkerSlots, CountsWorkersOfTheHostAndNotTheManager) {
    // The manager on the first node with two workers, two more on the second.
    const std::vector ranks{on("n1"), on("n1", {"A", "B"}), on("n1", {"A", "B"}), on("n2", {"C"}), on("n2", {"D"})};

    EXPECT_EQ(slot_of(1, ranks).index, 0);
    EXPECT_EQ(slot_of(2, ranks).index, 1);
    EXPECT_EQ(slot_of(3, ranks).index, 0);
    const auto last = slot_of(4, ranks);
    EXPECT_EQ(last.index, 1);
    EXPECT_EQ(last.workers(), 2);
    EXPECT_EQ(last.gpus[0][0].uuid, "C");
    EXPECT_EQ(last.gpus[1][0].uuid, "D");
}

TEST(WorkerSlots, HostsMayBeInterleaved) {
    const std::vector ranks{on("n1"), on("n2"), on("n1"), on("n2"), on("n1")};

    EXPECT_EQ(slot_of(4, ranks).index, 1);
    EXPECT_EQ(slot_of(4, ranks).workers(), 2);
    EXPECT_EQ(slot_of(3, ranks).index, 1);
}

TEST(WorkerSlots, WorkersShareCoresUnlessTheyWereBoundToTheirOwn) {
    const auto bound_to = [](std::string host, std::string cores) {
        return RankFacts{.host = std::move(host), .cores = std::move(cores)};
    };
    // All workers on the first host may run on any core. On the second host each has its own.
    const std::vector ranks{bound_to("n1", "0 1"), bound_to("n1", "0 1"), bound_to("n1", "0 1"), bound_to("n2", "0"),
                            bound_to("n2", "1")};

    EXPECT_EQ(slot_of(2, ranks).sharing, 2);
    EXPECT_EQ(slot_of(4, ranks).sharing, 1);
    EXPECT_EQ(facts_of(to_text(ranks[1])).cores, "0 1");
}

TEST(WorkerSlots, TheManagerHasNone) {
    EXPECT_ERROR(slot_of(0, {on("n1"), on("n1")}), InternalError, "a worker's rank");
}

}  // namespace
}  // namespace stemma
