#pragma once
// Wakeups in memory that the ranks of a host share. Each rank has a memory file without a name. The others open it
// through /proc, so that nothing is left behind after a kill.

#include <cstdint>
#include <memory>

#include "transport/wakeup.hpp"

namespace stemma {

/// Where another process finds a wakeup. Plain bytes, so that ranks can exchange it.
struct WakeupAddress {
    std::uint64_t host = 0;  ///< of this boot of this kernel; 0: no other process finds it
    std::uint64_t token = 0;
    std::int32_t process = 0;
    std::int32_t descriptor = -1;
};

class SharedWakeup {
public:
    SharedWakeup();
    ~SharedWakeup();
    SharedWakeup(const SharedWakeup&) = delete;
    SharedWakeup& operator=(const SharedWakeup&) = delete;

    /// Valid as long as this object. Also without shared memory, for this process.
    const std::shared_ptr<WakeupWord>& word() const { return word_; }
    const WakeupAddress& address() const { return address_; }

private:
    std::shared_ptr<WakeupWord> word_;
    WakeupAddress address_;
};

/// That of another process; null if it is on another host, in another container, or of another user. About 20
/// microseconds. The memory stays mapped after the other process has ended.
std::shared_ptr<WakeupWord> open_wakeup(const WakeupAddress& address);

}  // namespace stemma
