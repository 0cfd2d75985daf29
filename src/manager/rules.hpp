#pragma once
#include <cstdint>

namespace stemma {

/// Version of the decision rules: of all that turns a log of inputs into decisions (manager, schedulers, samplers,
/// their streams of random numbers). Raised by 1 with every change that alters the recorded decisions of some log, so
/// that `stemma verify` would find a difference. Never raised for a change of speed, of messages, of defaults of the
/// job file, or for a new scheduler, sampler or key. A run file has the version of its rules. A run of other rules is
/// still shown, but not verified or resumed.
inline constexpr std::uint32_t rules_version = 3;

}  // namespace stemma
