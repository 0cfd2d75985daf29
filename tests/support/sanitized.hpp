#pragma once
// What a sanitizer sees, it sees within few repeats, and under it each takes ten to forty times as long.

#include <cstdint>

namespace stemma::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

/// `all`, and a fifth of them under a sanitizer, rounded up.
constexpr std::uint64_t repeats(std::uint64_t all) { return sanitized ? (all + 4) / 5 : all; }

}  // namespace stemma::test
