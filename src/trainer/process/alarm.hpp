#pragma once
// Wakes a thread that waits for descriptors.

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

#include "platform/descriptor.hpp"

namespace stemma {

class Alarm {
public:
    /// Throws std::system_error if there are no more descriptors.
    Alarm() : number_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        if (!number_) throw std::system_error(errno, std::generic_category(), "eventfd");
    }

    /// For any thread.
    void ring() const {
        const std::uint64_t one = 1;
        static_cast<void>(::write(number_.number(), &one, sizeof one));
    }
    /// Readable once it was rung, until quiet() is called.
    int number() const { return number_.number(); }
    void quiet() const {
        std::uint64_t calls = 0;
        static_cast<void>(::read(number_.number(), &calls, sizeof calls));
    }

private:
    Descriptor number_;
};

}  // namespace stemma
