#include "trainer/process/line.hpp"

#include <sys/socket.h>

#include <cerrno>

#include "trainer/process/drain.hpp"

namespace stemma {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto closing_time = std::chrono::milliseconds(2000);

}  // namespace

std::optional<ChildEvent> Line::event_at_hand() {
    try {
        if (auto frame = frames_.next()) return ChildSaid{std::move(*frame)};
    } catch (const ProtocolError& error) {
        return ChildGarbled{error.what(), false};
    }
    return std::nullopt;
}

std::optional<ChildGarbled> Line::closed_for_long() const {
    if (!closed_ || Clock::now() <= *closed_ + closing_time) return std::nullopt;
    return ChildGarbled{"it closed its end of the protocol and went on running", true};
}

Line::Watched Line::watched() const {
    return {{{from_.number(), POLLIN, 0}, {outgoing_.empty() ? -1 : to_.number(), POLLOUT, 0}}};
}

void Line::take_in(std::span<const pollfd> found) {
    if (found[0].revents != 0) read();
    if (found[1].revents != 0) write();
}

void Line::write() {
    const auto sent = ::send(to_.number(), outgoing_.data(), outgoing_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) outgoing_.erase(0, static_cast<std::size_t>(sent));
    if (sent < 0 && errno != EAGAIN && errno != EINTR) outgoing_.clear();  // the other end will tell why, soon
}

void Line::read() {
    if (!from_) return;
    if (drain(from_.number(), [this](std::string_view bytes) { frames_.feed(bytes); })) return;
    from_.close();
    if (!closed_) closed_ = Clock::now();
}

}  // namespace stemma
