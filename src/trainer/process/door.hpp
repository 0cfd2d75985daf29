#pragma once
// A socket at which processes that the program starts can speak the protocol, too.

#include <string>
#include <vector>

#include "platform/descriptor.hpp"
#include "trainer/process/line.hpp"

namespace stemma {

/// Launchers (torchrun, accelerate launch, a container's runtime) close the descriptors that the program was started
/// with. Environments survive them: STEMMA_SOCKET names this UNIX socket. Its folder belongs to this user alone.
class Door {
public:
    /// In `folder`, which no other user may enter. Throws std::system_error.
    explicit Door(const std::string& folder);
    ~Door();
    Door(const Door&) = delete;
    Door& operator=(const Door&) = delete;

    const std::string& path() const { return path_; }
    int number() const { return socket_.number(); }
    /// Those that have come since the last call.
    std::vector<Line> come_in();

private:
    std::string path_;
    Descriptor socket_;
};

}  // namespace stemma
