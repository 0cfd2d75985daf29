#include "platform/short_slices.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace stemma {
namespace {

/// struct sched_attr of the kernel in its first version. The C library of Debian 12 does not have it.
struct SchedulingAttributes {
    std::uint32_t size = sizeof(SchedulingAttributes);
    std::uint32_t policy = 0;
    std::uint64_t flags = 0;
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::uint64_t runtime = 0;
    std::uint64_t deadline = 0;
    std::uint64_t period = 0;
};
static_assert(sizeof(SchedulingAttributes) == 48);

constexpr std::uint32_t usual_policy = 0;    // SCHED_OTHER
constexpr std::uint64_t reset_on_fork = 1;   // SCHED_FLAG_RESET_ON_FORK
constexpr std::uint64_t slice_ns = 100'000;  // the shortest that the kernel takes

}  // namespace

void prefer_short_slices() {
    SchedulingAttributes now;
    if (::syscall(SYS_sched_getattr, 0, &now, sizeof now, 0) != 0 || now.policy != usual_policy) return;
    now.size = sizeof now;
    now.flags = reset_on_fork;
    now.runtime = slice_ns;
    now.deadline = now.period = 0;
    ::syscall(SYS_sched_setattr, 0, &now, 0);
}

}  // namespace stemma
