#pragma once
// What an error says is a part of the contract, as its type is.

#include <gmock/gmock.h>

/// `expression` throws a `Type` whose message contains `text`. More may follow, as after EXPECT_TRUE: << seed.
#define EXPECT_ERROR(expression, Type, text) \
    EXPECT_THAT([&] { static_cast<void>(expression); }, ::testing::ThrowsMessage<Type>(::testing::HasSubstr(text)))
