#pragma once
#include <cstdint>

namespace stemma {

/// Version of the decision rules: of all that turns a log of inputs into decisions (manager, schedulers, samplers,
/// their streams of random numbers). To be raised by one with every change after which some log would give other
/// decisions than those recorded in it, so that `stemma verify` would find a difference; never for a change of speed,
/// of messages, of defaults of the job file, or for a new scheduler, sampler or key. A run file says by which rules it
/// was decided; those of other rules are still shown, but not verified or resumed.
inline constexpr std::uint32_t rules_version = 1;

}  // namespace stemma
