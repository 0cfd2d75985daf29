#include "trainer/process/door.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace stemma {

Door::Door(const std::string& folder)
    : path_(folder + "/socket"), socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    const bool fits = path_.size() < sizeof where.sun_path;
    if (fits) std::memcpy(where.sun_path, path_.c_str(), path_.size() + 1);
    if (!fits) errno = ENAMETOOLONG;
    ::unlink(path_.c_str());  // of an earlier program
    if (!fits || !socket_ || ::bind(socket_.number(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0 ||
        ::listen(socket_.number(), SOMAXCONN) != 0) {
        throw std::system_error(errno, std::generic_category(), path_);
    }
}

Door::~Door() { ::unlink(path_.c_str()); }

std::vector<Line> Door::come_in() {
    std::vector<Line> lines;
    while (true) {
        const int one = ::accept4(socket_.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (one < 0 && errno == EINTR) continue;
        if (one < 0) return lines;
        Descriptor from(one);
        lines.emplace_back(Descriptor(::fcntl(one, F_DUPFD_CLOEXEC, 0)), std::move(from));
    }
}

}  // namespace stemma
