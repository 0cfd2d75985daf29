#pragma once
// What an error says is a part of the contract, as its type is.

#include <gmock/gmock.h>

#include <exception>

namespace stemma::test_errors {

/// Calls `act` once, and returns a function that throws what it threw. A matcher calls its function again to explain.
template <class Function>
auto outcome_of(Function&& act) {
    std::exception_ptr thrown;
    try {
        act();
    } catch (...) {
        thrown = std::current_exception();
    }
    return [thrown] {
        if (thrown) std::rethrow_exception(thrown);
    };
}

}  // namespace stemma::test_errors

/// `expression` throws a `Type` whose message contains `text`. More may follow, as after EXPECT_TRUE: << seed.
#define EXPECT_ERROR(expression, Type, text)                                               \
    EXPECT_THAT(::stemma::test_errors::outcome_of([&] { static_cast<void>(expression); }), \
                ::testing::ThrowsMessage<Type>(::testing::HasSubstr(text)))
