#pragma once
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

namespace stemma {

/// Reads what is available, chunk by chunk. False when the other end is closed.
template <class Use>
bool drain(int descriptor, const Use& use) {
    std::array<char, 65536> buffer;
    while (true) {
        const auto got = ::read(descriptor, buffer.data(), buffer.size());
        if (got > 0) {
            use(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
            if (got < static_cast<ssize_t>(buffer.size())) return true;
        } else if (got == 0) {
            return false;
        } else if (errno != EINTR) {
            return errno == EAGAIN;
        }
    }
}

}  // namespace stemma
