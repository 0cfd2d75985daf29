#include "app/console/standard_streams.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>

namespace stemma {

namespace {

bool reader_has_gone() {
    ::pollfd output{STDOUT_FILENO, POLLOUT, 0};
    return ::poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0;
}

}  // namespace

void open_standard_descriptors() {
    for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(descriptor, F_GETFD) >= 0) continue;
        // open() returns the lowest free number, which is this one.
        static_cast<void>(::open("/dev/null", O_RDWR));
    }
}

std::optional<std::string> finish_standard_output() {
    std::cout.flush();
    errno = 0;
    const bool flushed = std::fflush(stdout) == 0;
    const int why = errno;  // 0 where an earlier write has failed
    if (flushed && std::ferror(stdout) == 0 && std::cout.good()) return std::nullopt;
    if (why == EPIPE || reader_has_gone()) return std::nullopt;
    return why == 0 ? "is the disk full?" : std::strerror(why);
}

}  // namespace stemma
