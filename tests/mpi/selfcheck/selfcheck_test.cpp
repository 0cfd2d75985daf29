#include "transport/mpi/selfcheck.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <cmath>

namespace stemma {
namespace {

TEST(SelfCheck, KnowsEveryRankAndMeasuresLinksInTime) {
    int rank = 0;
    int size = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);

    const auto check = mpi_selfcheck("facts of rank " + std::to_string(rank));

    if (rank != 0) {
        EXPECT_TRUE(check.ranks.empty());
        return;
    }
    ASSERT_EQ(check.ranks.size(), static_cast<std::size_t>(size));
    for (const auto& info : check.ranks) {
        EXPECT_EQ(info.facts, "facts of rank " + std::to_string(info.rank));
        EXPECT_FALSE(info.host.empty());
        EXPECT_LE(std::abs(info.clock_offset), info.clock_uncertainty + 1e-6) << "ranks of one machine share its clock";
    }
    ASSERT_EQ(check.links.size() + static_cast<std::size_t>(check.links_left_out),
              static_cast<std::size_t>(size == 1 ? 0 : 2 * size - 3));
    for (const auto& link : check.links) {
        EXPECT_NE(link.first, link.second);
        EXPECT_TRUE(link.same_host);
        EXPECT_GT(link.round_trip, 0);
        ASSERT_FALSE(link.bandwidth.empty());
        for (const auto& bandwidth : link.bandwidth) EXPECT_GT(bandwidth.bytes_per_second, 0);
    }
    RecordProperty("seconds", std::to_string(check.seconds));
}

TEST(SelfCheck, LeavesLinksOutWhenThereIsNoTime) {
    int size = 0;
    MPI_Comm_size(MPI_COMM_WORLD, &size);

    const auto check = mpi_selfcheck("", {.pairs_max = 16, .seconds_max = 0});

    EXPECT_TRUE(check.links.empty());
    if (!check.ranks.empty()) {
        EXPECT_EQ(check.links_left_out > 0, size > 1);
    }
}

}  // namespace
}  // namespace stemma
