#include "options/quantities.hpp"

#include <gtest/gtest.h>

namespace stemma {
namespace {

TEST(Duration, AddsItsParts) {
    EXPECT_EQ(parse_duration("90s"), 90);
    EXPECT_EQ(parse_duration("15m"), 900);
    EXPECT_EQ(parse_duration("1d12h"), 129600);
    EXPECT_EQ(parse_duration("1.5h"), 5400);
    EXPECT_EQ(parse_duration("1h 30m"), 5400);
    EXPECT_EQ(parse_duration("200ms"), 0.2);
    EXPECT_EQ(parse_duration("2 h"), 7200);
    EXPECT_EQ(parse_duration("12:00:00"), 43200);
    EXPECT_EQ(parse_duration("1-00:00:30"), 86430);
}

TEST(SlurmTime, HasSlurmsForms) {
    EXPECT_EQ(parse_slurm_time("60"), 3600);
    EXPECT_EQ(parse_slurm_time("90:30"), 5430);
    EXPECT_EQ(parse_slurm_time("1:02:03"), 3723);
    EXPECT_EQ(parse_slurm_time("2-00"), 172800);
    EXPECT_EQ(parse_slurm_time("2-03:04"), 183840);
    EXPECT_EQ(parse_slurm_time("2-03:04:05"), 183845);
}

TEST(SlurmTime, RefusesAnythingElse) {
    for (const auto* text : {"", "-", "1-", "-1", "1:", ":1", "1:2:3:4", "1h", "1.5", "1-2-3", " 1"})
        EXPECT_FALSE(parse_slurm_time(text)) << text;
}

TEST(Duration, RefusesAnythingElse) {
    for (const auto* text :
         {"", "90", "s", "1x", "1h2d", "1h1h", "-1s", "1e3s", "1s1", "inf", "nan", "h1", " 1s", "1H"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
}

TEST(Bytes, PowersOf1000And1024) {
    EXPECT_EQ(parse_bytes("2GiB"), 2ULL << 30U);
    EXPECT_EQ(parse_bytes("512 MiB"), 512ULL << 20U);
    EXPECT_EQ(parse_bytes("1.5GB"), 1500000000ULL);
    EXPECT_EQ(parse_bytes("7B"), 7ULL);
}

TEST(Bytes, RefusesAnythingElse) {
    for (const auto* text : {"", "2", "GiB", "2GX", "2gib", "-1B", "99999999999TiB", "1e3B", "2GiB "})
        EXPECT_FALSE(parse_bytes(text)) << text;
}

}  // namespace
}  // namespace stemma
