#include "trainer/process/child.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "trainer/process/messages.hpp"

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

std::optional<ChildEvent> Child::next(milliseconds longest) {
    const auto until = Clock::now() + longest;
    while (true) {
        if (auto event = event_at_hand()) return event;
        const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
        if (left.count() <= 0) return std::nullopt;
        wait(closed_ ? std::min(left, milliseconds(50)) : left);
    }
}

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

void Child::wait(milliseconds longest) {
    std::array<pollfd, 4> watched{{{child_.life.number(), POLLIN, 0},
                                   {child_.from.number(), POLLIN, 0},
                                   {child_.output.number(), POLLIN, 0},
                                   {outgoing_.empty() ? -1 : child_.to.number(), POLLOUT, 0}}};
    if (::poll(watched.data(), watched.size(), static_cast<int>(std::min<std::int64_t>(longest.count(), 3600000))) <= 0)
        return;
    if (watched[1].revents != 0) read_messages();
    if (watched[2].revents != 0) read_output();
    if (watched[3].revents != 0) write_some();
    if (watched[0].revents != 0) read_end();
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

void Child::dismiss() {
    send(quit_json());
    look();
}

bool Child::quit(milliseconds longest) {
    send(quit_json());
    const auto until = Clock::now() + longest;
    while (Clock::now() < until) {
        const auto event = next(std::chrono::ceil<milliseconds>(until - Clock::now()));
        if (!event || std::holds_alternative<ChildGarbled>(*event)) return false;
        if (std::holds_alternative<ChildEnded>(*event)) return true;
    }
    return false;
}

}  // namespace stemma
