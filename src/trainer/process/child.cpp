#include "trainer/process/child.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>

#include "trainer/process/drain.hpp"

namespace stemma {
namespace {

std::string how_text(int status) {
    if (WIFEXITED(status)) return fmt::format("exit code {}", WEXITSTATUS(status));
    return fmt::format("signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
}

}  // namespace

Child::Child(ChildStarter& starter, const ChildCommand& command, const std::string& log)
    : Child(starter.start(command), log) {}

Child::Child(StartedChild started, const std::string& log)
    : pid_(started.pid),
      keeper_(started.keeper),
      line_(std::move(started.to), std::move(started.from)),
      printed_(std::move(started.output)),
      life_(std::move(started.life)),
      output_(log) {}

Child::Watched Child::watched() const {
    const auto own = line_.watched();
    return {{own[0], own[1], {printed_.number(), POLLIN, 0}, {life_.number(), POLLIN, 0}}};
}

void Child::take_in(std::span<const pollfd> found) {
    line_.take_in(found.first(2));
    if (found[2].revents != 0) read_output();
    if (found[3].revents != 0) read_end();
}

void Child::read_output() {
    if (!printed_) return;
    if (!drain(printed_.number(), [this](std::string_view bytes) { output_.append(bytes); })) printed_.close();
}

void Child::read_end() {
    HelperNote note;
    const auto got = ::recv(life_.number(), &note, sizeof note, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    line_.read();
    read_output();
    if (got == static_cast<ssize_t>(sizeof note)) {
        ended_ = ChildEnded{how_text(note.value), WIFSIGNALED(note.value) && WTERMSIG(note.value) == SIGKILL};
    } else {
        ended_ = ChildEnded{"the helper that watches it has ended", false};
    }
}

std::optional<ChildEvent> event_at_hand(Child& child) {
    if (auto said = child.line().event_at_hand()) return said;
    if (child.ended()) return *child.ended();
    if (auto closed = child.line().closed_for_long()) return *closed;
    return std::nullopt;
}

}  // namespace stemma
