#include "platform/terminal.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <charconv>

namespace stemma {
namespace {

int columns_in(const std::string& text) {
    int columns = 0;
    std::from_chars(text.data(), text.data() + text.size(), columns);
    return columns;
}

/// Columns of the terminal behind `descriptor`, 0 if it is no terminal.
int columns_of(int descriptor) {
    if (::isatty(descriptor) != 1) return 0;
    struct winsize size {};
    return ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/// Columns of the terminal behind `descriptor` of the parent process.
int columns_of_parent(int descriptor) {
    const auto path = "/proc/" + std::to_string(::getppid()) + "/fd/" + std::to_string(descriptor);
    const int opened = ::open(path.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (opened < 0) return 0;
    const int columns = columns_of(opened);
    ::close(opened);
    return columns;
}

}  // namespace

Terminal terminal_of(int descriptor, const Environment& environment) {
    int columns = 0;
    if (const auto said = environment.find("STEMMA_TERMINAL"); said != environment.end()) {
        columns = columns_in(said->second);
    } else {
        columns = environment.contains("OMPI_COMM_WORLD_SIZE") ? columns_of_parent(descriptor) : columns_of(descriptor);
    }
    Terminal terminal;
    terminal.live = columns > 0;
    if (terminal.live) terminal.width = columns;
    const auto kind = environment.find("TERM");
    if (kind != environment.end() && kind->second == "dumb") terminal.live = false;
    terminal.color = terminal.live && !environment.contains("NO_COLOR");
    return terminal;
}

}  // namespace stemma
