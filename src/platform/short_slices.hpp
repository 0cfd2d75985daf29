#pragma once

namespace stemma {

/// Asks the kernel to run the calling thread soon after it wakes, for short times, beside threads that compute. Its
/// share of the processor does not change. Threads that it starts are as usual. Linux 6.12 and later; else no effect.
void prefer_short_slices();

}  // namespace stemma
