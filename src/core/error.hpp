#pragma once
// The three kinds of failure, and what each becomes:
//   a bug in Stemma            -> ensure() throws InternalError; it ends the run and asks for a report;
//   a mistake of the user      -> UserError: what, where, remedy; exit code 2, nothing was started;
//   a training that fails      -> a value (FailureKind in trainer/trainer.hpp), never an exception.

#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>

namespace stemma {

/// A violated invariant: always a bug in Stemma.
struct InternalError : std::logic_error {
    using std::logic_error::logic_error;
};

/// A mistake that the user can correct. The text names what is wrong, where, and the remedy.
struct UserError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Always-on assertion. Throws InternalError naming `what` and the place of the call.
void ensure(bool condition, std::string_view what, std::source_location where = std::source_location::current());

[[noreturn]] void unreachable(std::string_view what, std::source_location where = std::source_location::current());

namespace detail {
[[noreturn]] void fail_ensure(std::string_view what, const std::source_location& where);
}

inline void ensure(bool condition, std::string_view what, std::source_location where) {
    if (!condition) [[unlikely]]
        detail::fail_ensure(what, where);
}

inline void unreachable(std::string_view what, std::source_location where) { detail::fail_ensure(what, where); }

}  // namespace stemma
