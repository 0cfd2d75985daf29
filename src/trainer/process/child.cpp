#include "trainer/process/child.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <tuple>
#include <vector>

namespace stemma {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// A program that closes its end is mostly about to end. Its exit code says more.
constexpr auto closing_time = milliseconds(2000);

std::string how_text(int status) {
    if (WIFEXITED(status)) return fmt::format("exit code {}", WEXITSTATUS(status));
    return fmt::format("signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
}

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

}  // namespace

Child::Child(ChildStarter& starter, const ChildCommand& command, const std::string& log)
    : child_(starter.start(command)), output_(log) {}

std::optional<ChildEvent> Child::event_at_hand() {
    try {
        if (auto frame = frames_.next()) return ChildSaid{std::move(*frame)};
    } catch (const ProtocolError& error) {
        return ChildGarbled{error.what(), false};
    }
    if (ended_) return *ended_;
    if (closed_ && Clock::now() > *closed_ + closing_time) {
        return ChildGarbled{"it closed its end of the protocol and went on running", true};
    }
    return std::nullopt;
}

Child::Watched Child::watched() const {
    return {{{child_.life.number(), POLLIN, 0},
             {child_.from.number(), POLLIN, 0},
             {child_.output.number(), POLLIN, 0},
             {outgoing_.empty() ? -1 : child_.to.number(), POLLOUT, 0}}};
}

void Child::take_in(std::span<const pollfd> found) {
    if (found[1].revents != 0) read_messages();
    if (found[2].revents != 0) read_output();
    if (found[3].revents != 0) write_some();
    if (found[0].revents != 0) read_end();
}

void wait_for(std::span<Child* const> children, milliseconds longest) {
    std::vector<pollfd> watched;
    for (const auto* child : children) {
        const auto own = child->watched();
        watched.insert(watched.end(), own.begin(), own.end());
    }
    const auto bounded = static_cast<int>(std::clamp<std::int64_t>(longest.count(), 0, 3600000));
    if (::poll(watched.data(), watched.size(), bounded) <= 0) return;
    const std::span<const pollfd> found(watched);
    constexpr auto each = std::tuple_size_v<Child::Watched>;
    for (std::size_t i = 0; i < children.size(); ++i) children[i]->take_in(found.subspan(i * each, each));
}

void Child::write_some() {
    const auto sent = ::send(child_.to.number(), outgoing_.data(), outgoing_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) outgoing_.erase(0, static_cast<std::size_t>(sent));
    if (sent < 0 && errno != EAGAIN && errno != EINTR) outgoing_.clear();  // the other end will tell why, soon
}

void Child::read_messages() {
    if (!child_.from) return;
    if (drain(child_.from.number(), [this](std::string_view bytes) { frames_.feed(bytes); })) return;
    child_.from.close();
    if (!closed_) closed_ = Clock::now();
}

void Child::read_output() {
    if (!child_.output) return;
    if (!drain(child_.output.number(), [this](std::string_view bytes) { output_.append(bytes); }))
        child_.output.close();
}

void Child::read_end() {
    HelperNote note;
    const auto got = ::recv(child_.life.number(), &note, sizeof note, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    read_messages();
    read_output();
    if (got == static_cast<ssize_t>(sizeof note)) {
        ended_ = ChildEnded{how_text(note.value), WIFSIGNALED(note.value) && WTERMSIG(note.value) == SIGKILL};
    } else {
        ended_ = ChildEnded{"the helper that watches it has ended", false};
    }
}

}  // namespace stemma
