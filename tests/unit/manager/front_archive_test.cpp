#include "manager/front_archive.hpp"

#include <gmock/gmock.h>

namespace stemma::test {
namespace {

std::vector<std::uint64_t> members(const FrontArchive& archive) {
    std::vector<std::uint64_t> all;
    for (const auto& entry : archive.front()) all.push_back(entry.member.value);
    return all;
}

void consider(FrontArchive& archive, std::uint64_t member, Resource resource, double loss, double latency) {
    const std::vector<double> values{loss, latency};
    archive.consider({{member}, resource, values, {}}, Objectives(values));
}

TEST(FrontArchive, HoldsWhatNoOtherResultDominates) {
    FrontArchive archive(0);
    EXPECT_TRUE(archive.front().empty());
    consider(archive, 0, 1, .45, 14);
    consider(archive, 1, 1, .45, 17);  // dominated
    consider(archive, 2, 1, .42, 32);
    consider(archive, 3, 1, .45, 14);  // a twin
    consider(archive, 4, 1, .59, 13);
    EXPECT_THAT(members(archive), ::testing::ElementsAre(2, 0, 3, 4));
    EXPECT_EQ(archive.dominated(), 1U);
    consider(archive, 5, 1, .42, 14);
    EXPECT_THAT(members(archive), ::testing::ElementsAre(5, 4));
    EXPECT_EQ(archive.dominated(), 4U);
}

TEST(FrontArchive, AMemberCanStandThereTwice) {
    FrontArchive archive(0);
    consider(archive, 0, 1, .5, 1);
    consider(archive, 0, 3, .4, 3);
    EXPECT_THAT(members(archive), ::testing::ElementsAre(0, 0));
    EXPECT_EQ(archive.front()[0].resource, 3);
}

TEST(FrontArchive, ResultsBelowTheEndDoNotCountAndARaisedEndBeginsAnew) {
    FrontArchive archive(9);
    consider(archive, 0, 3, .1, 1);
    consider(archive, 1, 9, .5, 5);
    archive.extend(27);
    EXPECT_THAT(members(archive), ::testing::ElementsAre(1));
    consider(archive, 2, 9, .4, 4);
    EXPECT_THAT(members(archive), ::testing::ElementsAre(1));
    consider(archive, 3, 27, .6, 6);
    EXPECT_THAT(members(archive), ::testing::ElementsAre(3));
    EXPECT_EQ(archive.dominated(), 0U);
}

}  // namespace
}  // namespace stemma::test
