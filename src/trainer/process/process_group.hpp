#pragma once
// What the processes of a group know of each other: their ranks, and a port at which rank 0 may listen.

#include <cstddef>
#include <cstdint>
#include <string>

#include "platform/descriptor.hpp"
#include "platform/launch.hpp"

namespace stemma {

/// An address and a port for rank 0 of a group on this host (torch.distributed: MASTER_ADDR, MASTER_PORT). The port is
/// bound for as long as this object lives, but it does not listen: rank 0 may bind it too and listen (with
/// SO_REUSEADDR, as torch.distributed does), and the system gives it to no other process.
class Rendezvous {
public:
    /// Throws std::system_error if no port is free.
    Rendezvous();

    std::string address() const { return "127.0.0.1"; }
    std::uint16_t port() const { return port_; }

private:
    Descriptor socket_;
    std::uint16_t port_ = 0;
};

/// The place of a process in its group.
struct GroupPlace {
    std::size_t rank = 0;
    std::size_t ranks = 1;
    const Rendezvous* rendezvous = nullptr;
};

/// `environment` with the variables that torchrun sets on one host: RANK, LOCAL_RANK, WORLD_SIZE, LOCAL_WORLD_SIZE,
/// GROUP_RANK, NODE_RANK, GROUP_WORLD_SIZE, MASTER_ADDR, MASTER_PORT, TORCHELASTIC_RUN_ID. By the last one
/// torch.distributed and Lightning know that another program starts the ranks. GLOO_SOCKET_IFNAME is "lo" unless it is
/// set: gloo would take the address that the host's name has, and some hosts have none.
Environment group_environment(Environment environment, const GroupPlace& place);

/// `environment` for a program that may be a launcher: STEMMA_SOCKET names the socket for the processes that it starts.
/// torchrun takes a free port (PET_STANDALONE) unless a variable of torchrun is set: its port 29500 is one for all
/// workers of a host.
Environment launcher_environment(Environment environment, const std::string& socket);

}  // namespace stemma
