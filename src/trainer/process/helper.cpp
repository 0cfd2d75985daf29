// The helper process, and the keepers that it forks: one keeper for each program.

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <optional>
#include <set>
#include <system_error>

#include "core/bytes.hpp"
#include "trainer/process/environment.hpp"
#include "trainer/process/process_tree.hpp"
#include "trainer/process/starter.hpp"

namespace stemma::detail {
namespace {

struct Request {
    std::vector<std::string> words;
    std::vector<std::string> environment;
    std::string scratch;
    std::array<Descriptor, request_descriptors> descriptors;
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (auto& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

/// Nothing when the other end is closed.
std::optional<std::array<Descriptor, request_descriptors>> receive(int control) {
    std::array<int, request_descriptors> numbers{};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof numbers)> space{};
    char byte = 0;
    iovec content{&byte, 1};
    msghdr message{};
    message.msg_iov = &content;
    message.msg_iovlen = 1;
    message.msg_control = space.data();
    message.msg_controllen = space.size();
    ssize_t got = 0;
    do {
        got = ::recvmsg(control, &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    const auto* header = got == 1 ? CMSG_FIRSTHDR(&message) : nullptr;
    if (header == nullptr || header->cmsg_len != CMSG_LEN(sizeof numbers)) return std::nullopt;
    std::memcpy(numbers.data(), CMSG_DATA(header), sizeof numbers);
    std::array<Descriptor, request_descriptors> out;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        // Above the numbers that the program's own descriptors will have.
        out[i] = Descriptor(::fcntl(numbers[i], F_DUPFD_CLOEXEC, 16));
        ::close(numbers[i]);
    }
    return out;
}

Request read_request(std::array<Descriptor, request_descriptors> descriptors) {
    const int file = descriptors[request_text].number();
    struct stat about {};
    ::fstat(file, &about);
    Bytes text(static_cast<std::size_t>(about.st_size));
    if (::pread(file, text.data(), text.size(), 0) != about.st_size) throw DecodeError("a request was cut short");
    Request request;
    ByteReader in(text);
    in.get(request.words);
    in.get(request.environment);
    in.get(request.scratch);
    request.descriptors = std::move(descriptors);
    return request;
}

/// In the new process: becomes the program, or writes errno to `trouble`.
[[noreturn]] void become(Request& request, pid_t keeper, int trouble) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != keeper) ::_exit(127);  // the keeper died before the line above
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU, SIGPIPE, SIGCHLD})
        ::signal(signal, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(nothing, 0);
    ::dup2(request.descriptors[child_output].number(), 1);
    ::dup2(request.descriptors[child_output].number(), 2);
    ::dup2(request.descriptors[child_reads].number(), child_read_descriptor);
    ::dup2(request.descriptors[child_writes].number(), child_write_descriptor);
    ::execvpe(request.words.front().c_str(), pointers(request.words).data(), pointers(request.environment).data());
    const int why = errno;
    static_cast<void>(!::write(trouble, &why, sizeof why));
    ::_exit(127);
}

void tell(const Descriptor& life, HelperNote::Kind kind, int value) {
    const HelperNote note{kind, value, ::getpid()};
    static_cast<void>(::send(life.number(), &note, sizeof note, MSG_NOSIGNAL));
}

/// The process above one program. A subreaper: all descendants of the program stay below it, whichever sessions they
/// make and whichever processes between them die.
class Keeper {
public:
    /// `over` becomes readable when the helper has ended.
    Keeper(Request request, int over) : request_(std::move(request)), over_(over) {
        ::prctl(PR_SET_NAME, "stemma-keeper");
        ::prctl(PR_SET_CHILD_SUBREAPER, 1);
        sigset_t child;
        ::sigemptyset(&child);
        ::sigaddset(&child, SIGCHLD);
        ::sigprocmask(SIG_BLOCK, &child, nullptr);
        signals_ = Descriptor(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
    }

    void run() {
        if (!start()) return;
        const auto& life = request_.descriptors[child_life];
        while (!status_) {
            std::array<pollfd, 3> watched{
                {{life.number(), POLLIN, 0}, {over_, POLLIN, 0}, {signals_.number(), POLLIN, 0}}};
            if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) break;
            if (watched[0].revents != 0 || watched[1].revents != 0) break;  // the owner no longer needs the program
            if (watched[2].revents != 0) reap();
        }
        // The program's descendants must be gone before the next program needs their memory. A descendant that hangs in
        // the kernel (a file system that does not answer) must not delay the note.
        const bool gone = kill_all(200);
        if (status_) tell(life, HelperNote::Kind::ended, *status_);
        while (!gone && !kill_all(1000)) {
        }
    }

private:
    bool start() {
        const auto& life = request_.descriptors[child_life];
        int trouble[2];
        if (::pipe2(trouble, O_CLOEXEC) != 0) return tell(life, HelperNote::Kind::refused, errno), false;
        const Descriptor reads(trouble[0]);
        Descriptor writes(::fcntl(trouble[1], F_DUPFD_CLOEXEC, 16));
        ::close(trouble[1]);
        const pid_t keeper = ::getpid();
        program_ = ::fork();
        if (program_ == 0) become(request_, keeper, writes.number());
        writes.close();
        if (program_ < 0) return tell(life, HelperNote::Kind::refused, errno), false;
        ::setpgid(program_, program_);  // here too: whichever process is first
        // Only the program holds its ends, so that the owner sees them close.
        for (const auto end : {child_reads, child_writes, child_output}) request_.descriptors[end].close();
        int why = 0;
        if (::read(reads.number(), &why, sizeof why) == static_cast<ssize_t>(sizeof why)) {
            ::waitpid(program_, nullptr, 0);
            return tell(life, HelperNote::Kind::refused, why), false;
        }
        tell(life, HelperNote::Kind::started, program_);
        return true;
    }

    void reap() {
        signalfd_siginfo drained;
        while (::read(signals_.number(), &drained, sizeof drained) > 0) {
        }
        int status = 0;
        for (pid_t who = 0; (who = ::waitpid(-1, &status, WNOHANG)) > 0;) {
            if (who == program_) status_ = status;
        }
    }

    /// Kills the program, its group and all its descendants: children of a process that dies become this process's.
    /// False if a process is left after `looks` looks, 10 ms apart.
    bool kill_all(int looks) {
        if (!status_) ::kill(-program_, SIGKILL);
        for (; looks > 0; --looks) {
            for (const pid_t child : children_of(::getpid())) ::kill(child, SIGKILL);
            pid_t who = 0;
            for (int status = 0; (who = ::waitpid(-1, &status, WNOHANG)) > 0;) {
                if (who == program_) status_ = status;
            }
            if (who < 0 && errno == ECHILD) return true;
            ::poll(nullptr, 0, 10);
        }
        return false;
    }

    Request request_;
    int over_;
    Descriptor signals_;
    pid_t program_ = 0;
    std::optional<int> status_;  ///< set when it has ended
};

class Helper {
public:
    explicit Helper(int control) : control_(control) {
        ::signal(SIGCHLD, SIG_IGN);  // keepers are not waited for one by one
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
        over_ = Descriptor(ends[0]);
        running_ = Descriptor(ends[1]);
    }

    void run() {
        while (auto descriptors = receive(control_)) start(std::move(*descriptors));
        running_.close();
        // The keepers see that, kill their programs, and end. Then no process uses the scratch folders any more.
        while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
        }
        std::error_code ignored;
        for (const auto& folder : scratch_) std::filesystem::remove_all(folder, ignored);
    }

private:
    void start(std::array<Descriptor, request_descriptors> descriptors) {
        auto request = read_request(std::move(descriptors));
        if (!request.scratch.empty()) scratch_.insert(request.scratch);
        const pid_t keeper = ::fork();
        if (keeper < 0) tell(request.descriptors[child_life], HelperNote::Kind::refused, errno);
        if (keeper != 0) return;
        ::close(control_);
        running_.close();
        ::signal(SIGCHLD, SIG_DFL);
        Keeper(std::move(request), over_.number()).run();
        ::_exit(0);
    }

    int control_;
    Descriptor over_, running_;  ///< a pipe's ends: keepers watch the first, the helper alone has the second
    std::set<std::string> scratch_;
};

}  // namespace

void run_helper(int control) {
    ::prctl(PR_SET_NAME, "stemma-helper");
    // Signals of a terminal or a launcher are for the process that the helper serves. The helper ends with that
    // process.
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU, SIGPIPE}) ::signal(signal, SIG_IGN);
    // Descriptors of the forking process would stay open for as long as the helper lives.
    const int own = ::dup2(control, 3);
    ::fcntl(own, F_SETFD, FD_CLOEXEC);
    ::close_range(4, ~0U, 0);
    try {
        Helper(own).run();
    } catch (const std::exception& error) {
        ::dprintf(STDERR_FILENO, "stemma: the helper that starts programs: %s\n", error.what());
    }
}

}  // namespace stemma::detail
