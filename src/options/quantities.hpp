#pragma once
// Durations ("90s", "1d12h") and sizes ("2GiB") as people write them.

#include <cstdint>
#include <optional>
#include <string_view>

namespace stemma {

/// Seconds: parts of a number and one of d, h, m, s, each unit at most once, largest first ("1d12h", "1.5h", "500ms"
/// too); or hours:minutes:seconds, also after days and "-". Nothing if `text` is no duration.
std::optional<double> parse_duration(std::string_view text);

/// Seconds in the notation of Slurm's --time: minutes, minutes:seconds, hours:minutes:seconds, days-hours,
/// days-hours:minutes, days-hours:minutes:seconds; whole numbers. Nothing for other texts.
std::optional<double> parse_slurm_time(std::string_view text);

/// Bytes: a number and B, kB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB (powers of 1024). Nothing if `text` is
/// no size or does not fit 63 bits.
std::optional<std::uint64_t> parse_bytes(std::string_view text);

}  // namespace stemma
