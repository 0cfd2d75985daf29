#include "space/decimal.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace stemma {
namespace {

TEST(Decimal, IsTheDoubleThatAPersonWouldWrite) {
    EXPECT_EQ(decimal(3, 1), 0.3);
    EXPECT_EQ(decimal(123, 5), 0.00123);
    EXPECT_EQ(decimal(7, 22), 7e-22);
    EXPECT_EQ(decimal(7, 30), 7e-30);
    EXPECT_EQ(decimal(12, -3), 12000);
    EXPECT_EQ(decimal(12, -40), 12e40);
}

TEST(Decimal, RoundsToPlaces) {
    EXPECT_EQ(round_decimal(0.1 + 0.2, 12), 0.3);
    EXPECT_EQ(round_decimal(1234.5678, -2), 1200);
    EXPECT_EQ(round_decimal(1.23456e-28, 30), 1.23e-28);
    EXPECT_EQ(round_decimal(9.99999e-5, 6), 1e-4);
    EXPECT_EQ(round_decimal(1.23456e-305, 307), 1.23e-305);
}

TEST(Decimal, HasNoNegativeZero) { EXPECT_FALSE(std::signbit(round_decimal(-1e-9, 3))); }

TEST(Decimal, ExponentIsThatOfTheFirstDigit) {
    EXPECT_EQ(decimal_exponent(1), 0);
    EXPECT_EQ(decimal_exponent(-999), 2);
    EXPECT_EQ(decimal_exponent(0.02), -2);
}

}  // namespace
}  // namespace stemma
