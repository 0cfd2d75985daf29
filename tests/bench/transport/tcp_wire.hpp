#pragma once
// A plain TCP connection between two ranks, as the yardstick of a network: no MPI, no copies beside the kernel's.

#include <arpa/inet.h>
#include <mpi.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>

namespace stemma {

class TcpWire {
public:
    /// Both of two ranks call it. Rank 0 has this IPv4 address. Ends the program where that cannot be.
    TcpWire(int rank, const std::string& address) {
        sockaddr_in place{};
        place.sin_family = AF_INET;
        if (inet_pton(AF_INET, address.c_str(), &place.sin_addr) != 1) fail("address");
        socklen_t size = sizeof(place);
        const int made = ::socket(AF_INET, SOCK_STREAM, 0);
        if (rank == 0) {
            if (::bind(made, generic(place), size) != 0 || ::listen(made, 1) != 0) fail("bind");
            ::getsockname(made, generic(place), &size);
            MPI_Send(&place.sin_port, sizeof(place.sin_port), MPI_BYTE, 1, 6, MPI_COMM_WORLD);
            socket_ = ::accept(made, nullptr, nullptr);
            ::close(made);
        } else {
            MPI_Recv(&place.sin_port, sizeof(place.sin_port), MPI_BYTE, 0, 6, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            socket_ = ::connect(made, generic(place), size) == 0 ? made : -1;
        }
        const int on = 1;
        if (socket_ < 0 || ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0) fail("connect");
    }
    ~TcpWire() { ::close(socket_); }
    TcpWire(const TcpWire&) = delete;
    TcpWire& operator=(const TcpWire&) = delete;

    void send(std::span<const std::byte> content) {
        while (!content.empty()) {
            const auto sent = ::send(socket_, content.data(), content.size(), 0);
            if (sent <= 0) fail("send");
            content = content.subspan(static_cast<std::size_t>(sent));
        }
    }
    void receive(std::span<std::byte> into) {
        while (!into.empty()) {
            const auto came = ::recv(socket_, into.data(), into.size(), 0);
            if (came <= 0) fail("recv");
            into = into.subspan(static_cast<std::size_t>(came));
        }
    }

private:
    static sockaddr* generic(sockaddr_in& place) { return reinterpret_cast<sockaddr*>(&place); }
    [[noreturn]] static void fail(const char* what) {
        std::perror(what);
        MPI_Abort(MPI_COMM_WORLD, 1);
        std::abort();
    }
    int socket_ = -1;
};

}  // namespace stemma
