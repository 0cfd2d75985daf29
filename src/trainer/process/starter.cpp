#include "trainer/process/starter.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "core/bytes.hpp"
#include "core/error.hpp"

namespace stemma {
namespace {

struct Pair {
    Descriptor first, second;
};

Pair checked(int result, const int (&ends)[2], const char* what) {
    if (result != 0) throw std::system_error(errno, std::generic_category(), what);
    return {Descriptor(ends[0]), Descriptor(ends[1])};
}

/// A pipe's reading and writing end.
Pair make_pipe() {
    int ends[2];
    const int result = ::pipe2(ends, O_CLOEXEC);
    return checked(result, ends, "pipe");
}

Pair make_sockets(int type) {
    int ends[2];
    const int result = ::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends);
    return checked(result, ends, "socketpair");
}

/// The request as a file in memory: an environment can be larger than a socket message.
Descriptor text_of(const ChildCommand& command, const std::string& channel) {
    Bytes text;
    ByteWriter out(text);
    out.put(command.words);
    out.put(static_cast<std::uint32_t>(command.environment.size() + 1));
    out.put("STEMMA_CHANNEL=" + channel);
    for (const auto& [name, value] : command.environment) out.put(std::string(name).append("=").append(value));
    out.put(command.scratch);
    Descriptor file(::memfd_create("stemma-request", MFD_CLOEXEC));
    if (!file || ::write(file.number(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
        throw std::system_error(errno, std::generic_category(), "memfd");
    }
    return file;
}

/// Identifies the ends that a program is given. By this the program knows that they reached it.
std::string channel_of(const Descriptor& reads, const Descriptor& writes) {
    struct stat read_end {
    }, write_end{};
    if (::fstat(reads.number(), &read_end) != 0 || ::fstat(writes.number(), &write_end) != 0) return "";
    return std::to_string(read_end.st_ino) + "," + std::to_string(write_end.st_ino);
}

void send_request(int control, const std::array<int, detail::request_descriptors>& descriptors) {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof descriptors)> space{};
    char byte = 'S';
    iovec content{&byte, 1};
    msghdr message{};
    message.msg_iov = &content;
    message.msg_iovlen = 1;
    message.msg_control = space.data();
    message.msg_controllen = space.size();
    auto* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof descriptors);
    std::memcpy(CMSG_DATA(header), descriptors.data(), sizeof descriptors);
    if (::sendmsg(control, &message, MSG_NOSIGNAL) < 0) {
        throw std::system_error(errno, std::generic_category(), "the helper that starts programs is gone");
    }
}

HelperNote receive_note(int life) {
    HelperNote note;
    ssize_t got = 0;
    do {
        got = ::recv(life, &note, sizeof note, 0);
    } while (got < 0 && errno == EINTR);
    if (got != static_cast<ssize_t>(sizeof note)) {
        throw std::system_error(EPIPE, std::generic_category(), "the helper that starts programs is gone");
    }
    return note;
}

}  // namespace

ChildStarter::ChildStarter() {
    auto sockets = make_sockets(SOCK_SEQPACKET);
    helper_ = ::fork();
    if (helper_ < 0)
        throw UserError(std::string("the helper that starts programs cannot be forked: ") + std::strerror(errno));
    if (helper_ == 0) {
        detail::run_helper(sockets.second.number());
        ::_exit(0);
    }
    control_ = std::move(sockets.first);
}

ChildStarter::~ChildStarter() {
    control_.close();
    while (::waitpid(helper_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

StartedChild ChildStarter::start(const ChildCommand& command) {
    // A socket for requests: writing to a pipe whose reader is gone would raise SIGPIPE.
    auto requests = make_sockets(SOCK_STREAM), answers = make_pipe(), output = make_pipe();
    auto life = make_sockets(SOCK_SEQPACKET);
    const auto text = text_of(command, channel_of(requests.second, answers.second));
    send_request(control_.number(), {text.number(), requests.second.number(), answers.second.number(),
                                     output.second.number(), life.second.number()});
    // Only the program and the helper hold these ends from now on, so that their deaths are seen here.
    requests.second.close();
    answers.second.close();
    output.second.close();
    life.second.close();
    const auto note = receive_note(life.first.number());
    if (note.kind == HelperNote::Kind::refused) {
        throw std::system_error(note.value, std::generic_category(), command.words.front());
    }
    for (const auto* end : {&requests.first, &answers.first, &output.first}) {
        ::fcntl(end->number(), F_SETFL, ::fcntl(end->number(), F_GETFL) | O_NONBLOCK);
    }
    return {
        note.value,           note.keeper, std::move(requests.first), std::move(answers.first), std::move(output.first),
        std::move(life.first)};
}

}  // namespace stemma
