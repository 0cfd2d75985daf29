#include "app/job/limits.hpp"

#include <gmock/gmock.h>

#include <vector>

#include "core/error.hpp"

namespace stemma {
namespace {

using Texts = std::vector<LimitText>;

std::string refusal(const LimitText& limit) {
    try {
        static_cast<void>(parse_limits(Texts{limit}));
    } catch (const UserError& error) {
        return error.what();
    }
    return "";
}

TEST(Limits, EachOptionSetsItsLimitAndNoOther) {
    const auto all = parse_limits(Texts{{"--members", "50"},
                                        {"--reports", "60"},
                                        {"--epochs", "70"},
                                        {"--wall-time", "2h"},
                                        {"--target", "-1e-3"},
                                        {"--max", "27"}});
    EXPECT_EQ(all.members, 50U);
    EXPECT_EQ(all.reports, 60U);
    EXPECT_EQ(all.resource, 70U);
    EXPECT_EQ(all.unit, "epochs");
    EXPECT_EQ(all.seconds, 7200);
    EXPECT_EQ(all.target, -1e-3);
    EXPECT_EQ(all.max, 27);
    EXPECT_FALSE(parse_limits({}).any());
    EXPECT_EQ(parse_limits(Texts{{"--resource", "70"}}).unit, "");
    EXPECT_FALSE(parse_limits(Texts{{"--members", "1"}}).target.has_value());
}

TEST(Limits, WhatTheJobRefusesIsRefused) {
    using testing::StartsWith;
    for (const auto* count : {"--members", "--reports", "--epochs", "--steps", "--resource", "--max"}) {
        const auto start = std::string(count) + " must be an integer in 1 .. ";
        for (const auto* text :
             {"0", "-1", "1.5", "1e3", "many", "", "nan", "1000000000000001", "99999999999999999999"})
            EXPECT_THAT(refusal({count, text}), StartsWith(start)) << text;
    }
    for (const auto* text : {"inf", "-inf", "nan", "good", ""})
        EXPECT_THAT(refusal({"--target", text}), StartsWith("--target must be a number; got ")) << text;
    for (const auto* text : {"0", "-5", "soon", "nan", "inf", ""})
        EXPECT_THAT(refusal({"--wall-time", text}), StartsWith("--wall-time must be a duration")) << text;
    EXPECT_EQ(refusal({"--members", "-1"}), "--members must be an integer in 1 .. 1000000000000000; got -1");
}

}  // namespace
}  // namespace stemma
