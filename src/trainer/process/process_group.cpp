#include "trainer/process/process_group.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace stemma {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

}  // namespace

Rendezvous::Rendezvous() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (!socket_) fail("a socket for the processes of a group");
    const int reuse = 1;
    ::setsockopt(socket_.number(), SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_ANY);
    socklen_t size = sizeof where;
    auto* const address = reinterpret_cast<sockaddr*>(&where);
    if (::bind(socket_.number(), address, size) != 0 || ::getsockname(socket_.number(), address, &size) != 0)
        fail("a port for the processes of a group");
    port_ = ntohs(where.sin_port);
}

Environment group_environment(Environment environment, const GroupPlace& place) {
    const auto rank = std::to_string(place.rank), ranks = std::to_string(place.ranks);
    const auto set = [&](const char* name, std::string value) { environment.insert_or_assign(name, std::move(value)); };
    set("RANK", rank);
    set("LOCAL_RANK", rank);
    set("WORLD_SIZE", ranks);
    set("LOCAL_WORLD_SIZE", ranks);
    set("GROUP_RANK", "0");
    set("NODE_RANK", "0");
    set("GROUP_WORLD_SIZE", "1");
    set("MASTER_ADDR", place.rendezvous->address());
    set("MASTER_PORT", std::to_string(place.rendezvous->port()));
    set("TORCHELASTIC_RUN_ID", "stemma-" + std::to_string(::getpid()) + "-" + std::to_string(place.rendezvous->port()));
    environment.emplace("GLOO_SOCKET_IFNAME", "lo");
    return environment;
}

Environment launcher_environment(Environment environment, const std::string& socket) {
    environment.insert_or_assign("STEMMA_SOCKET", socket);
    const auto of_torchrun = environment.lower_bound("PET_");
    if (of_torchrun == environment.end() || !of_torchrun->first.starts_with("PET_"))
        environment.emplace("PET_STANDALONE", "1");
    return environment;
}

}  // namespace stemma
